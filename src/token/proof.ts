/**
 * Mutual authentication of daemon and link (DESIGN 7, F22, F23). A proof is a JWT for one uid, one nonce
 * and 30 seconds. A resume MAC shows, after a restart, that both ends still have the init key. The
 * audience separates proofs from API tokens: neither can be used as the other.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';
import { signJws, verifyJws } from './jws.ts';
import type { KeySet, SigningKey } from './key.ts';

const AUDIENCE = 'latchkey-link';
const LIFETIME_SECONDS = 30;

/** The link that a proof is for: its uid, and the nonce of its Hello. */
export interface ProofTarget {
  readonly uid: number;
  readonly nonce: Buffer;
  readonly nowSeconds: number;
}

/** Makes a proof by the server `serverId` for one link. */
export function makeProof(target: ProofTarget & { readonly serverId: string }, key: SigningKey): string {
  const { serverId, uid, nonce, nowSeconds } = target;
  const times = { iat: nowSeconds, exp: nowSeconds + LIFETIME_SECONDS };
  return signJws({ iss: serverId, aud: AUDIENCE, uid, nonce: nonce.toString('base64url'), ...times }, key);
}

/** Throws TOKEN_INVALID or TOKEN_EXPIRED unless `text` is a proof for exactly this link, now. */
export function verifyProof(text: string, keys: KeySet, target: ProofTarget): void {
  const { aud, uid, nonce, iat, exp } = verifyJws(text, keys).payload;
  if (aud !== AUDIENCE) throw invalid('aud');
  if (uid !== target.uid) throw invalid('uid');
  if (typeof nonce !== 'string' || !isSame(nonce, target.nonce.toString('base64url'))) throw invalid('nonce');
  if (!isSeconds(iat) || exp !== iat + LIFETIME_SECONDS) throw invalid('exp');
  if (iat > target.nowSeconds + LIFETIME_SECONDS) throw invalid('iat');
  if (exp <= target.nowSeconds) throw new AppError('TOKEN_EXPIRED', 'the proof has expired');
}

/** Values that both ends know when a connection is resumed. */
export interface ResumeTranscript {
  readonly version: number;
  readonly linkNonce: Buffer;
  readonly daemonNonce: Buffer;
  readonly jti: string;
  readonly uid: number;
}

/**
 * HMAC-SHA-256 under the init key of the side's tag, version, both nonces, jti and uid, each preceded by
 * its 4-byte big-endian length, numbers as decimal text. Compare with timingSafeEqual.
 */
export function resumeMac(side: 'daemon' | 'link', initKey: Buffer, transcript: ResumeTranscript): Buffer {
  const { version, linkNonce, daemonNonce, jti, uid } = transcript;
  const mac = createHmac('sha256', initKey);
  for (const field of [`latchkey-resume-${side}-v1`, `${version}`, linkNonce, daemonNonce, jti, `${uid}`]) {
    const bytes = Buffer.from(field);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    mac.update(length).update(bytes);
  }
  return mac.digest();
}

function isSame(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function invalid(member: string): AppError {
  return new AppError('TOKEN_INVALID', `not a proof for this link: ${member} is invalid`);
}
