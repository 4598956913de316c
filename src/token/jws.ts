/**
 * JSON Web Signatures in compact form (RFC 7515), in one strict profile: what this room signs verifies
 * anywhere, and what it verifies has exactly one interpretation. A token cannot bring a key, choose an
 * algorithm, or be written in a second way with the same meaning. Every invalid token is TOKEN_INVALID;
 * nothing else is thrown.
 *
 * An ECDSA signature (r, s) has a second valid form, (r, n-s), which RFC 7518 does not forbid. So the text of
 * a token is never used as its identity: that is `jti`.
 */
import { sign, verify } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Algorithm, KeySet, PublicKey, SigningKey } from './key.ts';
import { type JsonObject, parseStrictObject } from './strict-json.ts';

/** Longest token, in characters. */
export const MAX_TOKEN_LENGTH = 8192;

const SIGNATURE_BYTES = 64; // both algorithms
const HEADER_MEMBERS = ['alg', 'kid', 'typ'];

/** Cache of parsed headers by their encoded text: all tokens of one key have the same. */
const KNOWN_HEADERS = new Map<string, ParsedJws['header']>();
const MAX_KNOWN_HEADERS = 16;

/** A well-formed token. Only `verifyJws` checks the signature. */
export interface ParsedJws {
  readonly header: { readonly alg: Algorithm; readonly kid: string };
  readonly payload: JsonObject;
  /** The signed text: the first two parts, ASCII. */
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** Signs `payload` as a compact JWS, with the header members alg, typ "JWT" and kid. */
export function signJws(payload: object, key: SigningKey): string {
  const header = { alg: key.algorithm, typ: 'JWT', kid: key.kid };
  const signingInput = `${encodePart(header)}.${encodePart(payload)}`;
  const signature = sign(digestOf(key), Buffer.from(signingInput), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${signingInput}.${signature.toString('base64url')}`;
}

/** Parses a token without checking its signature. Throws TOKEN_INVALID. */
export function parseJws(text: string): ParsedJws {
  if (typeof text !== 'string' || text.length > MAX_TOKEN_LENGTH) throw invalid('it is too long');
  const [first = '', second = '', third = '', ...rest] = text.split('.', 4);
  if (rest.length > 0 || third === '') throw invalid('it does not have three parts');
  const header = KNOWN_HEADERS.get(first) ?? parseHeader(first);
  const payload = parseStrictObject(decodePart(second));
  if (payload === undefined) throw invalid('its claims are not a plain JSON object');
  const signature = decodePart(third);
  if (signature.length !== SIGNATURE_BYTES) throw invalid('its signature has the wrong length');
  return { header, payload, signingInput: `${first}.${second}`, signature };
}

/** Parses a token and checks its signature with the key of `keys` that it names. Throws TOKEN_INVALID. */
export function verifyJws(text: string, keys: KeySet): ParsedJws {
  const parsed = parseJws(text);
  const key = keys.get(parsed.header.kid);
  if (key === undefined) throw invalid('it is signed with an unknown key');
  if (key.algorithm !== parsed.header.alg) throw invalid('its algorithm does not match its key');
  if (!isSignedBy(parsed, key)) throw invalid('its signature is wrong');
  return parsed;
}

function isSignedBy({ signingInput, signature }: ParsedJws, key: PublicKey): boolean {
  const data = Buffer.from(signingInput);
  return verify(digestOf(key), data, { key: key.key, dsaEncoding: 'ieee-p1363' }, signature);
}

function digestOf({ algorithm }: PublicKey): 'sha256' | null {
  return algorithm === 'ES256' ? 'sha256' : null;
}

function parseHeader(part: string): ParsedJws['header'] {
  const header = parseStrictObject(decodePart(part));
  if (header === undefined) throw invalid('its header is not a plain JSON object');
  if (Object.keys(header).some((name) => !HEADER_MEMBERS.includes(name))) {
    throw invalid('its header has an unknown member');
  }
  const { alg, kid, typ = 'JWT' } = header;
  if (alg !== 'ES256' && alg !== 'EdDSA') throw invalid('its algorithm is not accepted');
  if (typeof kid !== 'string' || kid === '') throw invalid('it has no key id');
  if (typ !== 'JWT') throw invalid('its type is not JWT');
  if (KNOWN_HEADERS.size >= MAX_KNOWN_HEADERS) KNOWN_HEADERS.clear();
  KNOWN_HEADERS.set(part, { alg, kid });
  return { alg, kid };
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Node decodes base64url leniently; encoding again shows whether this was the canonical form. */
function decodePart(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw invalid('a part is not canonical base64url');
  return bytes;
}

function invalid(why: string): AppError {
  return new AppError('TOKEN_INVALID', `not a token of this server: ${why}`);
}
