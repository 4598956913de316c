/** Reads a secret from a file or from standard input, never from the command line. */
import { readFile } from 'node:fs/promises';
import { reasonOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import type { Io } from '../../terminal/io.ts';

const MAX_BYTES = 64 * 1024;

/** Returns the first line of `file`, or of standard input without one. Throws USAGE when it is empty. */
export async function readSecret(io: Io, file: string | undefined, what: string): Promise<string> {
  const text = file === undefined || file === '-' ? await fromInput(io, what) : await fromFile(file);
  const line = text.split('\n', 1)[0]?.trim() ?? '';
  if (line === '')
    throw new AppError('USAGE', `${what} is missing: pass it on standard input or with --file`);
  return line;
}

async function fromFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('USAGE', `cannot read ${file}: ${reasonOf(cause)}`, { cause });
  }
}

async function fromInput(io: Io, what: string): Promise<string> {
  if (io.stdin.isTTY === true) {
    throw new AppError('USAGE', `${what} is read from standard input or --file, not typed on a terminal`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunks.at(-1)?.length ?? 0;
    if (size > MAX_BYTES) throw new AppError('USAGE', `${what} is too long`);
  }
  return Buffer.concat(chunks).toString('utf8');
}
