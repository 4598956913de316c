/** Answers to a server's prompts, from a terminal or from lines of standard input. */
import { createInterface } from 'node:readline';
import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../../errors.ts';
import { inert } from '../../inert.ts';
import { displayWidth } from '../../terminal/display-width.ts';
import type { Input, Io } from '../../terminal/io.ts';

export interface Answers extends Disposable {
  /**
   * Returns the answer; undefined when there are no more. Throws CANCELLED for ^C, and for ^D on an empty
   * line.
   */
  next(text: string, echo: boolean): Promise<string | undefined>;
}

const MAX_BYTES = 64 * 1024;
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_U = '\x15';
const BACKSPACE = '\b';
const DELETE = '\x7f';

/** Chooses the source of answers. Throws USAGE without a terminal or --answers-stdin. */
export function answersFrom(io: Io, isFromInput: boolean): Answers {
  if (isFromInput) return linesOf(io.stdin);
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    const next = 'pass the answers on standard input, one line for each prompt, with --answers-stdin';
    throw new AppError('USAGE', `there is no terminal to ask on; ${next}`);
  }
  return { next: (text, echo) => typed(io, text, echo), [Symbol.dispose]: () => io.stdin.pause() };
}

function linesOf(input: Input): Answers {
  let size = 0;
  const reader = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  const lines = reader[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { done, value } = await lines.next();
      if (done) return undefined;
      size += value.length;
      if (size > MAX_BYTES) throw new AppError('USAGE', 'the answers are too long');
      return value;
    },
    [Symbol.dispose]: () => {
      reader.close();
      input.destroy();
    },
  };
}

interface Terminal extends Input {
  setRawMode?(raw: boolean): void;
}

/** Reads one line in raw mode, so that a secret is not echoed. */
function typed(io: Io, text: string, echo: boolean): Promise<string> {
  const stdin: Terminal = io.stdin;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let line = '';
  const take = (char: string): void => {
    if (char === '\r' || char === '\n') resolve(line);
    else if (char === CTRL_C || (char === CTRL_D && line === '')) {
      reject(new AppError('CANCELLED', 'cancelled; you are not logged in'));
    } else if (char === CTRL_U) line = erase(io, line, line.length, echo);
    else if (char === BACKSPACE || char === DELETE) line = erase(io, line, 1, echo);
    else if (char >= ' ' && line.length < 1024) {
      line += char;
      if (echo) io.stderr.write(inert(char));
    }
  };
  const decoder = new StringDecoder('utf8'); // an encoding of the stream itself would stay
  const read = (chunk: Buffer): void => {
    for (const char of decoder.write(chunk)) take(char);
  };
  const gone = (): void => reject(new AppError('CANCELLED', 'the terminal was closed'));
  stdin.setRawMode?.(true); // before the prompt, since typing may follow at once
  io.stderr.write(inert(text));
  stdin.on('data', read).once('end', gone).resume();
  return promise.finally(() => {
    stdin.off('data', read).off('end', gone).pause();
    stdin.setRawMode?.(false);
    io.stderr.write('\n');
  });
}

function erase(io: Io, line: string, count: number, echo: boolean): string {
  const chars = [...line];
  const kept = chars.slice(0, Math.max(0, chars.length - count));
  const gone = chars.slice(kept.length).map(inert).join('');
  if (echo) io.stderr.write('\b \b'.repeat(displayWidth(gone)));
  return kept.join('');
}
