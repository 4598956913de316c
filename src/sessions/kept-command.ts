/**
 * A command as it is kept and listed. Programs may be given 128 KiB; a page of a thousand such sessions
 * would hold up everybody for as long as it is read, sorted, looked through and sent.
 */

/** Of JSON text. */
const MOST_BYTES = 4096;
/** That a UTF-16 unit takes there at most: "\u0000". */
const UNIT_BYTES = 6;

/**
 * As JSON text of a list of strings; in a long one the word that does not fit is cut, ends in "…", and is
 * the last.
 */
export function keptCommand(command: readonly string[]): string {
  const words: string[] = [];
  let room = MOST_BYTES - 2 * UNIT_BYTES;
  for (const word of command) {
    const bytes = Buffer.byteLength(JSON.stringify(word)) + 1;
    if (bytes > room) return JSON.stringify([...words, cut(word, room)]);
    words.push(word);
    room -= bytes;
  }
  return JSON.stringify(words);
}

function cut(word: string, room: number): string {
  const units = Math.max(0, Math.floor(room / UNIT_BYTES));
  return `${word.slice(0, units).toWellFormed()}…`;
}
