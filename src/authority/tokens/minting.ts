/**
 * Issues tokens. A token is committed to the store, then admitted to the whitelist, then returned. A
 * token that is not on disk, or that was revoked while it was being issued, is never returned.
 */
import { randomUUIDv7 } from 'node:crypto';
import { AppError, invalidField } from '../../errors.ts';
import type { Store } from '../../store/open.ts';
import { countTokensOf, insertToken, renewToken, selectToken } from '../../store/tables/tokens.ts';
import { encodeClaims, isClaimText, type TokenClaims } from '../../token/claims.ts';
import { MAX_TOKEN_LENGTH, signJws } from '../../token/jws.ts';
import type { SigningKey } from '../../token/key.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { expiryFor, type LifetimeSettings } from './lifetimes.ts';
import { claimsOf, rowOf } from './token-row.ts';
import { notActive, type Whitelist } from './whitelist.ts';

/** Live tokens of one login, at most. The host's local administrator is exempt. */
const MAX_TOKENS_PER_LOGIN = 1000;

export interface MintRequest {
  readonly login: string;
  readonly linuxUser?: string;
  readonly uid?: number;
  readonly authMethod: AuthMethodName;
  readonly clientIp?: string;
  /** The address from which sshd saw the login; for the log, not for the token. */
  readonly sshFrom?: string;
  readonly socket?: string;
  readonly daemon?: boolean;
  /** Id of the parent token. It must be active; the new token expires no later, and is revoked with it. */
  readonly parent?: string;
  /** Expiry earlier than the method's lifetime, in milliseconds since 1970. */
  readonly expiresAtMs?: number;
}

/** A token as compact JWS, which is stored nowhere, and its claims. */
export interface Minted {
  readonly token: string;
  readonly claims: TokenClaims;
}

export interface MintParts {
  readonly store: Store;
  readonly whitelist: Whitelist;
  readonly signing: SigningKey;
  readonly issuer: { readonly serverId: string; readonly hostname: string };
  readonly lifetimes: () => LifetimeSettings;
  /** Returns the longest lifetime with which a token is still accepted. */
  readonly longestLifetimeSeconds: () => number;
  readonly now: () => number;
}

/** Issues a token. Throws INVALID_ARGUMENT, LIMIT_EXCEEDED, STORE_UNAVAILABLE, TOKEN_NOT_ACTIVE. */
export async function mint(parts: MintParts, request: MintRequest): Promise<Minted> {
  const { store, whitelist } = parts;
  const claims = claimsFor(parts, request);
  const token = signed(parts, claims);
  const { jti, sub, exp, parent } = claims;
  whitelist.announce(jti, sub, parent);
  try {
    await insert(store, claims, request.uid);
  } catch (error) {
    whitelist.withdraw(jti);
    throw error;
  }
  if (!whitelist.admit(jti, exp)) throw notActive(); // the caller of `refuse` deletes its row
  return { token, claims };
}

/** The local administrator's token is urgent: somebody must be able to log in to free a full disk. */
async function insert(store: Store, claims: TokenClaims, uid?: number): Promise<void> {
  const { sub, parent } = claims;
  const isLocal = claims.authMethod === 'local';
  await store.commit(
    async (tx) => {
      if (parent !== undefined && (await selectToken(tx, parent)) === undefined) throw notActive();
      if (!isLocal && (await countTokensOf(tx, sub)) >= MAX_TOKENS_PER_LOGIN) {
        const message = `this login has ${MAX_TOKENS_PER_LOGIN} tokens, the maximum; log out somewhere first`;
        throw new AppError('LIMIT_EXCEEDED', message);
      }
      await insertToken(tx, rowOf(claims, uid));
    },
    { isUrgent: isLocal },
  );
}

/**
 * Reissues a token with the same id and a later expiry. After a reload with a shorter lifetime the expiry may
 * stay the same: the earlier token is valid until then. Throws STORE_UNAVAILABLE, TOKEN_NOT_ACTIVE.
 */
export async function renew(parts: MintParts, jti: string): Promise<Minted> {
  const { store, whitelist } = parts;
  const claims = await store.commit(async (tx) => {
    const row = await selectToken(tx, jti);
    if (row === undefined || whitelist.expiryOf(jti) === undefined) throw notActive();
    const earlier = claimsOf(row);
    const next = withTimes(parts, earlier);
    const latestSeconds = next.iat + parts.longestLifetimeSeconds();
    const renewed = { ...next, exp: Math.max(next.exp, Math.min(earlier.exp, latestSeconds)) };
    const { issued_at, expires_at, claims } = rowOf(renewed);
    await renewToken(tx, jti, { issued_at, expires_at, claims });
    return renewed;
  });
  if (!whitelist.extend(jti, claims.exp)) throw notActive();
  return { token: signed(parts, claims), claims };
}

function claimsFor(parts: MintParts, request: MintRequest): TokenClaims {
  const { login, linuxUser, authMethod, clientIp, socket, daemon, parent, expiresAtMs } = request;
  const { serverId, hostname } = parts.issuer;
  const names = {
    sub: login,
    iss: serverId,
    jti: randomUUIDv7(), // ordered by time, so that the index grows at one end (RFC 9562)
    authMethod,
    hostname,
    ...(linuxUser !== undefined && { user: linuxUser }),
    ...(clientIp !== undefined && { clientIp }),
    ...(socket !== undefined && { socket }),
    ...(parent !== undefined && { parent }),
  };
  for (const [name, value] of Object.entries(names)) {
    if (!isClaimText(value)) throw invalidField(name, 'not allowed in a token');
  }
  const wanted = expiresAtMs === undefined ? undefined : Math.floor(expiresAtMs / 1000);
  return withTimes(parts, { ...names, ...(daemon !== undefined && { daemon }) }, wanted);
}

function withTimes(
  { whitelist, lifetimes, now }: MintParts,
  claims: Omit<TokenClaims, 'iat' | 'exp'>,
  wantedSeconds?: number,
): TokenClaims {
  const iat = Math.floor(now() / 1000);
  const { authMethod, parent } = claims;
  const parentSeconds = parent === undefined ? undefined : (whitelist.expiryOf(parent) ?? 0);
  return { ...claims, iat, exp: expiryFor(lifetimes(), authMethod, iat, { parentSeconds, wantedSeconds }) };
}

function signed({ signing }: MintParts, claims: TokenClaims): string {
  const token = signJws(encodeClaims(claims), signing);
  if (token.length > MAX_TOKEN_LENGTH)
    throw new AppError('INVALID_ARGUMENT', 'the token would be too long: names are too long');
  return token;
}
