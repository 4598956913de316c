import { bytesOf, hasRawBytes } from '../values/raw-text.ts';

/**
 * Quotes a command and its arguments for a POSIX shell (POSIX 2.2.2). bash and zsh read the result in the
 * same way, as do csh and fish when no word has a backslash or an exclamation mark.
 * Words are raw text (values/raw-text.ts).
 */
export function shellWords(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** Quotes `word` unless no shell interprets any of it; zsh, for example, expands "=word". */
function quoted(word: string): string {
  if (/^[\w@+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  if (hasRawBytes(word)) return quotedBytes(word);
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Quotes a word with bytes that are not UTF-8: $'a\xe9' (POSIX.1-2024, 2.2.4; bash, zsh and ksh). */
function quotedBytes(word: string): string {
  const parts = word.replace(/['\\]/g, String.raw`\$&`).split(/([\udc80-\udcff])/u);
  const escaped = parts.map((part) =>
    hasRawBytes(part) ? [...bytesOf(part)].map((byte) => `\\x${byte.toString(16)}`).join('') : part,
  );
  return `$'${escaped.join('')}'`;
}
