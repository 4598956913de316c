/** Hashes the beginning of a file, by which two ends find out whether they have the same bytes. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

const BLOCK_BYTES = 1024 * 1024;

/** Resolves with the SHA-256 of the first `bytes` bytes, or of all that are there. Lets other work run. */
export async function hashOf(fd: number, bytes: number): Promise<Buffer> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafeSlow(Math.min(bytes, BLOCK_BYTES));
  for (let at = 0; at < bytes; ) {
    const read = readSync(fd, block, 0, Math.min(block.length, bytes - at), at);
    if (read === 0) break;
    hash.update(block.subarray(0, read));
    at += read;
    await setImmediate();
  }
  return hash.digest();
}
