/**
 * Keys that sign and verify JSON Web Tokens: ES256 (P-256) and EdDSA (Ed25519), each with the key id that
 * RFC 7638 derives from it. The algorithm is a property of the key, so no token can choose how it is
 * verified. Private keys are never exported as JWK.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.ts';

const MAX_KEYS = 100;

/** JWS algorithms (RFC 7518 section 3.4, RFC 8037). */
export type Algorithm = 'ES256' | 'EdDSA';

/** A key that verifies signatures; `kid` is its RFC 7638 thumbprint. */
export interface PublicKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject;
}

/** A key that also signs. */
export interface SigningKey extends PublicKey {
  readonly privateKey: KeyObject;
}

/** Keys by `kid`. */
export type KeySet = ReadonlyMap<string, PublicKey>;

/** A public key as JWK (RFC 7517); only P-256 keys have `y`. */
export interface Jwk {
  kty: 'EC' | 'OKP';
  crv: 'P-256' | 'Ed25519';
  x: string;
  y?: string;
  kid: string;
  alg: Algorithm;
  use: 'sig';
}

/** Makes a signing key from a private P-256 or Ed25519 key. Throws CONFIG_INVALID for any other. */
export function signingKey(privateKey: KeyObject): SigningKey {
  if (privateKey.type !== 'private')
    throw new AppError('CONFIG_INVALID', 'tokens must be signed with a private key');
  return { ...publicKey(createPublicKey(privateKey)), privateKey };
}

/** Makes a verifying key from a public P-256 or Ed25519 key. Throws CONFIG_INVALID for any other. */
export function publicKey(key: KeyObject): PublicKey {
  const algorithm = algorithmOf(key);
  return { kid: thumbprint(key), algorithm, key };
}

/** Exports the public members of a key as JWK. */
export function jwkOf({ key, kid, algorithm }: PublicKey): Jwk {
  const { x = '', y } = key.export({ format: 'jwk' });
  if (algorithm === 'EdDSA') return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: algorithm, use: 'sig' };
  return { kty: 'EC', crv: 'P-256', x, y: y ?? '', kid, alg: algorithm, use: 'sig' };
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new AppError('CONFIG_INVALID', 'a key for tokens must be P-256 (ES256) or Ed25519 (EdDSA)');
}

/** RFC 7638 section 3: only the required members, in alphabetical order. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  const members = JSON.stringify({ crv, kty, x, y }); // without a y of undefined
  return createHash('sha256').update(members).digest('base64url');
}

/** Returns the JWK Set to publish. */
export function jwksOf(keys: Iterable<PublicKey>): { keys: Jwk[] } {
  return { keys: Array.from(keys, jwkOf) };
}

export function keySetOf(keys: Iterable<PublicKey>): KeySet {
  return new Map(Array.from(keys, (key) => [key.kid, key]));
}

/**
 * Reads a JWK Set (RFC 7517 section 5), for example from server.json. Each key must be a public key of a
 * supported kind, under its own thumbprint. One that is not makes the whole set NOT_TRUSTED, because half
 * a set would reject good tokens later and less clearly.
 */
export function keySetFromJwks(jwks: unknown): KeySet {
  const keys = isRecord(jwks) ? jwks.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
    throw unreadable('there is no list of keys');
  return keySetOf(keys.map(publicKeyFromJwk));
}

function publicKeyFromJwk(jwk: unknown): PublicKey {
  if (!isRecord(jwk)) throw unreadable('a key is not an object');
  const { kty, crv, x, y, kid, alg } = jwk;
  if ('d' in jwk) throw unreadable('there is a private key');
  if (typeof kty !== 'string' || typeof crv !== 'string' || typeof x !== 'string') {
    throw unreadable('a key has no kty, crv or x');
  }
  let key: PublicKey;
  try {
    const point = typeof y === 'string' ? { kty, crv, x, y } : { kty, crv, x };
    key = publicKey(createPublicKey({ key: point, format: 'jwk' }));
  } catch (cause) {
    throw unreadable('a key is of an unsupported kind', cause);
  }
  if (kid !== key.kid) throw unreadable('a key id does not match its key');
  if (alg !== undefined && alg !== key.algorithm) throw unreadable('an algorithm does not match its key');
  return key;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string, cause?: unknown): AppError {
  return new AppError('NOT_TRUSTED', `the server's public keys are invalid: ${why}`, { cause });
}
