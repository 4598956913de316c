/** A question that a person at a terminal answers in words. */
import { createInterface } from 'node:readline/promises';
import { AppError } from '../../errors.ts';
import { inert } from '../../inert.ts';
import type { Io } from '../../terminal/io.ts';

/** What to ask, and what to know before answering. */
export interface Question {
  readonly before: readonly string[];
  readonly text: string;
  /** What to do where nobody can be asked. */
  readonly instead: string;
}

/** The answer, trimmed. USAGE where nobody can be asked, CANCELLED for ^C and ^D. */
export async function ask(io: Io, { before, text, instead }: Question): Promise<string> {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new AppError('USAGE', `there is no terminal to ask on; ${instead}`);
  }
  for (const line of before) io.stderr.write(`${inert(line)}\n`);
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return (await lines.question(inert(text))).trim();
  } catch (cause) {
    io.stderr.write('\n');
    throw new AppError('CANCELLED', 'not answered; nothing was done', { cause });
  } finally {
    lines.close();
  }
}
