/** The host's end of a copy, which is a session that runs this program itself. */
import { COPY_PROGRAM } from '../../entry/copy-program.ts';

/** Output kept of a copy, in bytes: its client alone reads it, once, and the file must not fill the home. */
const OUTPUT_BYTES = 4 * 1024 * 1024;

/** True for a command, raw text, that stands for the host's end of a copy. */
export function isCopyEnd([program]: readonly string[]): boolean {
  return program === COPY_PROGRAM;
}

/** Returns how much of its output is kept, in bytes; `limit` is that of other sessions, 0 for the default. */
export function copyEndLimit(limit: number): number {
  return Math.min(limit || OUTPUT_BYTES, OUTPUT_BYTES);
}
