/** A question that a person at a terminal answers in words. */
import { createInterface } from 'node:readline/promises';
import { AppError } from '../errors.ts';
import { inert } from './inert.ts';
import type { Io } from './io.ts';

/** The answer to `question`, trimmed. USAGE with `instead`, what to do, where nobody can be asked. */
export async function ask(io: Io, question: string, instead: string): Promise<string> {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new AppError('USAGE', `there is no terminal to ask on; ${instead}`);
  }
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    return (await lines.question(inert(question))).trim();
  } catch (cause) {
    throw new AppError('CANCELLED', 'not answered', { cause }); // ^C or ^D: ERR_ABORT
  } finally {
    lines.close();
  }
}
