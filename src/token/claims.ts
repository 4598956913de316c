/**
 * What an API token says (F6, F7, F8): typed claims on one side, the members of a JWT on the
 * other. Reading is strict: a claim of another type, form or range is TOKEN_INVALID, never mended.
 */
import { AppError } from '../errors.ts';
import type { JsonObject } from './strict-json.ts';

/** The name space of our own claims. */
export const CLAIM_PREFIX = 'fastx/';

/** Who API tokens are for. */
export const AUDIENCE = 'api';

/** How far another clock, or our own after being set, may be off. */
const CLOCK_SKEW_SECONDS = 60;

/** The claims of one API token; times are seconds since 1970 (NumericDate without fractions). */
export interface TokenClaims {
  readonly sub: string;
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly authMethod: string;
  readonly user?: string;
  readonly clientIp?: string;
  readonly hostname?: string;
  readonly socket?: string;
  readonly daemon?: boolean;
  readonly gatewayServerId?: string;
  readonly gatewayHostname?: string;
  readonly nodeLink?: boolean;
  readonly parent?: string;
}

type Mutable = { -readonly [Name in keyof TokenClaims]?: TokenClaims[Name] };

/** Our own claims with text, and the members they are. */
const TEXTS = [
  ['user', `${CLAIM_PREFIX}user`],
  ['clientIp', `${CLAIM_PREFIX}client-ip`],
  ['hostname', `${CLAIM_PREFIX}hostname`],
  ['socket', `${CLAIM_PREFIX}socket`],
  ['gatewayServerId', `${CLAIM_PREFIX}gateway-serverId`],
  ['gatewayHostname', `${CLAIM_PREFIX}gateway-hostname`],
  ['parent', `${CLAIM_PREFIX}parent`],
] as const;

/** Our own claims that are true or false, and the members they are. */
const FLAGS = [
  ['daemon', `${CLAIM_PREFIX}daemon`],
  ['nodeLink', `${CLAIM_PREFIX}node-link`],
] as const;

const AUTH_METHOD = `${CLAIM_PREFIX}auth-method`;

const MAX_NAME_LENGTH = 256;
// Controls, format and bidi characters, lone surrogates, line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Whether `value` can be a claim that names something: 1 to 256 printable characters. */
export function isClaimText(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && !UNPRINTABLE.test(value)
  );
}

/** The members of the JWT. */
export function encodeClaims(claims: TokenClaims): object {
  const { sub, iss, jti, iat, exp, authMethod } = claims;
  const members: Record<string, unknown> = {
    sub,
    iss,
    aud: AUDIENCE,
    jti,
    iat,
    exp,
    [AUTH_METHOD]: authMethod,
  };
  for (const [name, member] of [...TEXTS, ...FLAGS]) {
    if (claims[name] !== undefined) members[member] = claims[name];
  }
  return members;
}

/** Now, and how far away a token may expire at most. */
export interface ClaimTimes {
  readonly nowSeconds: number;
  readonly longestLifetimeSeconds: number;
}

/** The claims of a verified payload. Throws TOKEN_INVALID, or TOKEN_EXPIRED when all else is right. */
export function decodeClaims(payload: unknown, times: ClaimTimes): TokenClaims {
  if (typeof payload !== 'object' || payload === null) throw invalid('the claims');
  const members = payload as JsonObject;
  if (members.aud !== AUDIENCE) throw invalid('aud');
  if (members.nbf !== undefined) throw invalid('nbf'); // never written here, so never ours
  const claims: TokenClaims = {
    sub: text(members, 'sub'),
    iss: text(members, 'iss'),
    jti: text(members, 'jti'),
    iat: seconds(members, 'iat'),
    exp: seconds(members, 'exp'),
    authMethod: text(members, AUTH_METHOD),
    ...optional(members),
  };
  checkTimes(claims, times);
  return claims;
}

/** Whether the token is within its time now; for claims that have been decoded before. */
export function checkTimes(
  { iat, exp }: TokenClaims,
  { nowSeconds, longestLifetimeSeconds }: ClaimTimes,
): void {
  if (iat > nowSeconds + CLOCK_SKEW_SECONDS) throw invalid('iat');
  if (exp <= iat || exp > iat + longestLifetimeSeconds) throw invalid('exp');
  if (exp <= nowSeconds) throw tokenExpired();
}

/** What a caller is told whose token's time is over, before a call or during it. */
export function tokenExpired(): AppError {
  return new AppError('TOKEN_EXPIRED', 'the token has expired; log in again');
}

function text(members: JsonObject, name: string): string {
  const value = members[name];
  if (!isClaimText(value)) throw invalid(name);
  return value;
}

function seconds(members: JsonObject, name: string): number {
  const value = members[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw invalid(name);
  return value;
}

function optional(members: JsonObject): Mutable {
  const claims: Mutable = {};
  for (const [name, member] of TEXTS) if (member in members) claims[name] = text(members, member);
  for (const [name, member] of FLAGS) if (member in members) claims[name] = flag(members, member);
  return claims;
}

function flag(members: JsonObject, name: string): boolean {
  const value = members[name];
  if (typeof value !== 'boolean') throw invalid(name);
  return value;
}

function invalid(claim: string): AppError {
  return new AppError(
    'TOKEN_INVALID',
    `this is not a token of this server: ${claim} is missing or not acceptable`,
  );
}
