/**
 * The proof that our own program ran in an account, and not something put in its place (DESIGN 7.9):
 * a number that a forced command does not compute. The link says it; it is no secret.
 */
import { createHash } from 'node:crypto';

/** The line that `latchkey link --prove NONCE` prints as `uid`. */
export function accountProof(nonce: string, uid: number): string {
  return createHash('sha256').update(`latchkey-account\0${nonce}\0${uid}`).digest('hex');
}
