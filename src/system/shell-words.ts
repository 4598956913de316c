/**
 * Quotes a command and its arguments for a POSIX shell (POSIX 2.2.2). bash and zsh read the result in the
 * same way, as do csh and fish when no word has a backslash or an exclamation mark.
 */
export function shellWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** Quotes `word` unless no shell interprets any of it; zsh, for example, expands "=word". */
function quoted(word: string): string {
  return /^[\w@+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
