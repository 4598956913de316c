/**
 * Keys that sign and check JSON Web Tokens: ES256 (P-256) and EdDSA (Ed25519), each under the
 * key id that RFC 7638 derives from it. An algorithm belongs to its key and to nothing else, so
 * no token can choose how it is checked. Private keys never leave as JWK.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { AppError } from '../errors.ts';

const MAX_KEYS = 100;

/** JWS algorithms (RFC 7518 section 3.4, RFC 8037). */
export type Algorithm = 'ES256' | 'EdDSA';

/** A key that checks signatures; `kid` is its RFC 7638 thumbprint. */
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

/** A public key as JWK (RFC 7517); `y` is there for P-256 alone. */
export interface Jwk {
  kty: 'EC' | 'OKP';
  crv: 'P-256' | 'Ed25519';
  x: string;
  y?: string;
  kid: string;
  alg: Algorithm;
  use: 'sig';
}

/** A signing key from a private P-256 or Ed25519 key. Throws CONFIG_INVALID for any other. */
export function signingKey(privateKey: KeyObject): SigningKey {
  if (privateKey.type !== 'private')
    throw new AppError('CONFIG_INVALID', 'a token is signed with a private key');
  return { ...publicKey(createPublicKey(privateKey)), privateKey };
}

/** A checking key from a public P-256 or Ed25519 key. Throws CONFIG_INVALID for any other. */
export function publicKey(key: KeyObject): PublicKey {
  const algorithm = algorithmOf(key);
  return { kid: thumbprint(key), algorithm, key };
}

/** The key as JWK, public members only. */
export function jwkOf({ key, kid, algorithm }: PublicKey): Jwk {
  const { x = '', y } = key.export({ format: 'jwk' });
  if (algorithm === 'EdDSA') return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: algorithm, use: 'sig' };
  return { kty: 'EC', crv: 'P-256', x, y: y ?? '', kid, alg: algorithm, use: 'sig' };
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new AppError('CONFIG_INVALID', 'a key for tokens is P-256 (ES256) or Ed25519 (EdDSA)');
}

/** RFC 7638 section 3: the required members alone, in alphabetical order. */
function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

/** The JWK Set to publish. */
export function jwksOf(keys: Iterable<PublicKey>): { keys: Jwk[] } {
  return { keys: Array.from(keys, jwkOf) };
}

/** The keys as a set to verify with. */
export function keySetOf(keys: Iterable<PublicKey>): KeySet {
  return new Map(Array.from(keys, (key) => [key.kid, key]));
}

/**
 * The keys of a JWK Set (RFC 7517 section 5) from elsewhere, such as server.json. Each must be a public key that this
 * room makes, under its own thumbprint; one that is not makes the whole set NOT_TRUSTED, because
 * half a set would refuse good tokens later and less clearly.
 */
export function keySetFromJwks(jwks: unknown): KeySet {
  const keys = isRecord(jwks) ? jwks.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
    throw unreadable('it holds no list of keys');
  return keySetOf(keys.map(publicKeyFromJwk));
}

function publicKeyFromJwk(jwk: unknown): PublicKey {
  if (!isRecord(jwk)) throw unreadable('a key is not an object');
  const { kty, crv, x, y, kid, alg } = jwk;
  if ('d' in jwk) throw unreadable('it holds a private key');
  if (typeof kty !== 'string' || typeof crv !== 'string' || typeof x !== 'string') {
    throw unreadable('a key lacks kty, crv or x');
  }
  let key: PublicKey;
  try {
    const point = typeof y === 'string' ? { kty, crv, x, y } : { kty, crv, x };
    key = publicKey(createPublicKey({ key: point, format: 'jwk' }));
  } catch (cause) {
    throw unreadable('a key is of no kind used for tokens', cause);
  }
  if (kid !== key.kid) throw unreadable('a key id is not the thumbprint of its key');
  if (alg !== undefined && alg !== key.algorithm)
    throw unreadable('a key names an algorithm that is not its own');
  return key;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string, cause?: unknown): AppError {
  return new AppError('NOT_TRUSTED', `the server's public keys cannot be used: ${why}`, { cause });
}
