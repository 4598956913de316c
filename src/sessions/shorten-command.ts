/**
 * Shortens commands for the records of sessions. A command may have 128 KiB; reading, sorting, searching and
 * sending a page of a thousand such sessions would delay every other call.
 */

/** Longest JSON text that is kept, in bytes. */
const MAX_BYTES = 4096;
/** Longest escape of one UTF-16 unit in JSON, in bytes: "\u0000". */
const MAX_UNIT_BYTES = 6;

/**
 * Returns `command` as JSON. When it is too long, the word that does not fit is cut, ends in "…", and is the
 * last.
 */
export function shortenCommand(command: readonly string[]): string {
  const words: string[] = [];
  let room = MAX_BYTES - 2 * MAX_UNIT_BYTES;
  for (const word of command) {
    const bytes = Buffer.byteLength(JSON.stringify(word)) + 1;
    if (bytes > room) return JSON.stringify([...words, cut(word, room)]);
    words.push(word);
    room -= bytes;
  }
  return JSON.stringify(words);
}

function cut(word: string, room: number): string {
  const units = Math.max(0, Math.floor(room / MAX_UNIT_BYTES));
  // Half of a surrogate pair is no character; a lone low surrogate is a byte (values/raw-text.ts).
  return `${word.slice(0, units).replace(/[\ud800-\udbff]$/, '')}…`;
}
