import { randomFillSync } from 'node:crypto';

const BYTES = 8;

/** Random bytes for the ids to come: asking for them call by call costs more than all else about an id. */
const pool = Buffer.alloc(512 * BYTES);
let used = pool.length;

/** What finds a call in the log: 16 hexadecimal digits, not to be guessed. */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.toString('hex', used - BYTES, used);
}
