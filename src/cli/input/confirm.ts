/** Asks a question at the terminal, answered with a line of text. */
import { createInterface } from 'node:readline/promises';
import { AppError } from '../../errors.ts';
import { inert } from '../../inert.ts';
import type { Io } from '../../terminal/io.ts';

/** A question, and what to show before it. */
export interface Question {
  readonly before: readonly string[];
  readonly text: string;
  /** Advice for when there is no terminal. */
  readonly instead: string;
  /** Asks again with `text` until an answer is accepted. */
  readonly again?: { readonly accepts: (answer: string) => boolean; readonly text: string };
}

/** Returns the answer, trimmed. Throws USAGE without a terminal, CANCELLED for ^C and ^D. */
export async function ask(io: Io, { before, text, instead, again }: Question): Promise<string> {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new AppError('USAGE', `there is no terminal to ask on; ${instead}`);
  }
  for (const line of before) io.stderr.write(`${inert(line)}\n`);
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    let answer = (await lines.question(inert(text))).trim();
    while (again?.accepts(answer) === false) answer = (await lines.question(inert(again.text))).trim();
    return answer;
  } catch (cause) {
    io.stderr.write('\n');
    throw new AppError('CANCELLED', 'cancelled; nothing was done', { cause });
  } finally {
    lines.close();
  }
}
