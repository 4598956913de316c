/**
 * The claims of an API token (F6, F7, F8): converts between typed claims and the members of a JWT.
 * Decoding is strict: a claim of another type, form or range is TOKEN_INVALID, never corrected.
 */
import { AppError } from '../errors.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import type { JsonObject } from './strict-json.ts';

/** Prefix of this product's own claims. */
export const CLAIM_PREFIX = 'fastx/';

/** Audience of API tokens. */
const AUDIENCE = 'api';

/** The clock of the issuer may be ahead by at most this much. */
const CLOCK_SKEW_SECONDS = 60;

/** The claims of one API token. Times are seconds since 1970 (NumericDate without fractions). */
export interface TokenClaims {
  readonly sub: string;
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly authMethod: AuthMethodName;
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

/** Text claims and their names in the JWT. */
const TEXTS = [
  ['user', `${CLAIM_PREFIX}user`],
  ['clientIp', `${CLAIM_PREFIX}client-ip`],
  ['hostname', `${CLAIM_PREFIX}hostname`],
  ['socket', `${CLAIM_PREFIX}socket`],
  ['gatewayServerId', `${CLAIM_PREFIX}gateway-serverId`],
  ['gatewayHostname', `${CLAIM_PREFIX}gateway-hostname`],
  ['parent', `${CLAIM_PREFIX}parent`],
] as const;

/** Boolean claims and their names in the JWT. */
const FLAGS = [
  ['daemon', `${CLAIM_PREFIX}daemon`],
  ['nodeLink', `${CLAIM_PREFIX}node-link`],
] as const;

const AUTH_METHOD = `${CLAIM_PREFIX}auth-method`;

/** The values of the claim for the login methods (F7); some have other names everywhere else. */
const METHOD_CLAIMS: Readonly<Record<AuthMethodName, string>> = {
  ssh: 'web-ssh',
  pam: 'pam',
  key: 'key',
  oidc: 'web-openid',
  saml: 'web-saml',
  link: 'link',
  'link-daemon': 'link-daemon',
  local: 'local',
  'ssh-start': 'web-ssh-start',
};
const METHODS = new Map(
  Object.entries(METHOD_CLAIMS).map(([name, claim]) => [claim, name as AuthMethodName]),
);

const MAX_NAME_LENGTH = 256;
// Controls, format and bidi characters, lone surrogates, line and paragraph separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Returns true for text that a claim may contain: 1 to 256 printable characters. */
export function isClaimText(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && !UNPRINTABLE.test(value)
  );
}

/** Returns the payload of the JWT. */
export function encodeClaims(claims: TokenClaims): object {
  const { sub, iss, jti, iat, exp, authMethod } = claims;
  const members: Record<string, unknown> = {
    sub,
    iss,
    aud: AUDIENCE,
    jti,
    iat,
    exp,
    [AUTH_METHOD]: METHOD_CLAIMS[authMethod],
  };
  for (const [name, member] of [...TEXTS, ...FLAGS]) {
    if (claims[name] !== undefined) members[member] = claims[name];
  }
  return members;
}

/** The current time, and the longest lifetime of a token. */
export interface ClaimTimes {
  readonly nowSeconds: number;
  readonly longestLifetimeSeconds: number;
}

/** Decodes a verified payload. Throws TOKEN_INVALID, or TOKEN_EXPIRED when everything else is right. */
export function decodeClaims(payload: unknown, times: ClaimTimes): TokenClaims {
  if (typeof payload !== 'object' || payload === null) throw invalid('the claims');
  const members = payload as JsonObject;
  if (members.aud !== AUDIENCE) throw invalid('aud');
  if (members.nbf !== undefined) throw invalid('nbf'); // this server never writes it
  const claims: TokenClaims = {
    sub: text(members, 'sub'),
    iss: text(members, 'iss'),
    jti: text(members, 'jti'),
    iat: seconds(members, 'iat'),
    exp: seconds(members, 'exp'),
    authMethod: method(members),
    ...optional(members),
  };
  checkTimes(claims, times);
  return claims;
}

/** Checks that decoded claims are valid now. Throws TOKEN_INVALID, TOKEN_EXPIRED. */
export function checkTimes(
  { iat, exp }: TokenClaims,
  { nowSeconds, longestLifetimeSeconds }: ClaimTimes,
): void {
  if (iat > nowSeconds + CLOCK_SKEW_SECONDS) throw invalid('iat');
  if (exp <= iat || exp > iat + longestLifetimeSeconds) throw invalid('exp');
  if (exp <= nowSeconds) throw tokenExpired();
}

/** The error for a caller whose token has expired, before a call or during it. */
export function tokenExpired(): AppError {
  return new AppError('TOKEN_EXPIRED', 'the token has expired; log in again');
}

function text(members: JsonObject, name: string): string {
  const value = members[name];
  if (!isClaimText(value)) throw invalid(name);
  return value;
}

function method(members: JsonObject): AuthMethodName {
  const name = METHODS.get(text(members, AUTH_METHOD));
  if (name === undefined) throw invalid(AUTH_METHOD);
  return name;
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
  return new AppError('TOKEN_INVALID', `not a token of this server: ${claim} is missing or invalid`);
}
