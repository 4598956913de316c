/**
 * Derives a token key pair from a secret (A6): the same secret gives the same pair on every host, in
 * every version.
 */
import { createECDH, createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { Algorithm } from '../../token/key.ts';

/** Order of the base point of P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** The PKCS #8 encoding of an Ed25519 private key, up to its 32-byte seed (RFC 8410 section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export function deriveKey(secret: string, algorithm: Algorithm): KeyObject {
  return algorithm === 'ES256' ? deriveP256(secret) : deriveEd25519(secret);
}

/** Uses 128 bits more than the order has, so that the reduction is not biased (FIPS 186-5 A.2.1). */
function deriveP256(secret: string): KeyObject {
  const wide = BigInt(`0x${expand(secret, 'ES256', 48).toString('hex')}`);
  const scalar = (wide % (P256_ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey(); // 4, x, y
  const x = point.subarray(1, 33);
  const y = point.subarray(33);
  const jwk = { kty: 'EC', crv: 'P-256', d: text(d), x: text(x), y: text(y) };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

/** Any 32 bytes are a valid seed (RFC 8032 section 5.1.5). */
function deriveEd25519(secret: string): KeyObject {
  const seed = expand(secret, 'EdDSA', 32);
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** HKDF-SHA256 (RFC 5869), with a different info for each algorithm. */
function expand(secret: string, algorithm: Algorithm, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', `token signing key ${algorithm}`, bytes));
}

function text(bytes: Buffer): string {
  return bytes.toString('base64url');
}
