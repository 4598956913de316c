/**
 * Proof that Latchkey's own program ran in an account, rather than a forced command that sshd put in its
 * place (DESIGN 7.9). The link sends it; it is not a secret.
 */
import { createHash } from 'node:crypto';

/** Returns the line that `latchkey link --prove NONCE` prints when it runs as `uid`. */
export function accountProof(nonce: string, uid: number): string {
  return createHash('sha256').update(`latchkey-account\0${nonce}\0${uid}`).digest('hex');
}
