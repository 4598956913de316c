/** Input for a program in a terminal that is not typed: a file, or a pipe. */

/** ^D, which ends the input of a program that reads lines (VEOF, termios(3)). */
const END_OF_FILE = Buffer.from([4]);
const NEWLINE = 10;

/**
 * Yields `input`, then the key that ends it: twice after an unfinished line, which the first one only sends.
 * Does not end before `signal` aborts, since a terminal stays open.
 */
export async function* pipedInput(
  input: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let last = NEWLINE;
  for await (const piece of input) {
    last = piece.at(-1) ?? last;
    yield piece;
  }
  if (signal.aborted) return;
  yield last === NEWLINE ? END_OF_FILE : Buffer.concat([END_OF_FILE, END_OF_FILE]);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
