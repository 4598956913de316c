import { randomFillSync } from 'node:crypto';

const BYTES = 8;

/** Random bytes for the next ids: fetching them for each call would cost more than the rest of an id. */
const pool = Buffer.alloc(512 * BYTES);
let used = pool.length;

/** Returns a new id of a call, for the log: 16 random hexadecimal digits, not guessable. */
export function newRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.toString('hex', used - BYTES, used);
}
