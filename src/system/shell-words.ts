/**
 * A command with its arguments as one types it to a POSIX shell (POSIX 2.2.2). bash and zsh read it
 * likewise, and so do csh and fish where no word has a backslash or an exclamation mark.
 */
export function shellWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** `word` as it is where no shell takes any of it for more than itself: zsh looks up "=word". */
function quoted(word: string): string {
  return /^[\w@+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
