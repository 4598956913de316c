/**
 * Verification of tokens (F3): signature and times, then the whitelist, then the claims, which must be those
 * that were issued. Remembers the tokens that have passed; their times and the whitelist are looked at each
 * time.
 */
import { hash } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { Store } from '../../store/open.ts';
import { selectToken } from '../../store/tables/tokens.ts';
import { checkTimes, decodeClaims, type TokenClaims } from '../../token/claims.ts';
import { MAX_TOKEN_LENGTH, parseJws, verifyJws } from '../../token/jws.ts';
import type { AuthorityKeys } from '../keys/authority-keys.ts';
import { SignatureCache } from './signature-cache.ts';
import { isIssued } from './token-row.ts';
import { notActive } from './whitelist.ts';

export interface VerificationOptions {
  readonly store: Store;
  readonly keys: Pick<AuthorityKeys, 'verification'>;
  readonly serverId: string;
  /** Returns true when the token is in the whitelist and has not expired. */
  readonly isActive: (jti: string) => boolean;
  readonly times: () => { readonly nowSeconds: number; readonly longestLifetimeSeconds: number };
}

const CACHED_SIGNATURES = 10_000;

export class Verification {
  readonly #options: VerificationOptions;
  readonly #signatures = new SignatureCache(CACHED_SIGNATURES);
  /** Comparisons with the issued claims that are under way, by hash of the token. */
  readonly #comparisons = new Map<string, Promise<TokenClaims>>();

  constructor(options: VerificationOptions) {
    this.#options = options;
  }

  /**
   * Returns the claims of a valid token, without a promise when it has passed before. Throws TOKEN_INVALID,
   * TOKEN_EXPIRED, TOKEN_NOT_ACTIVE, STORE_UNAVAILABLE.
   */
  verify(token: string): TokenClaims | Promise<TokenClaims> {
    // parseJws throws before a huge text is hashed.
    if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) parseJws(token);
    const key = hash('sha256', token, 'base64');
    const pending = this.#comparisons.get(key);
    if (pending !== undefined) return pending;
    const known = this.#signatures.get(key);
    const claims = known ?? this.#verifySignature(token);
    checkTimes(claims, this.#options.times());
    if (!this.#options.isActive(claims.jti)) throw notActive();
    return known ?? this.#compare(claims, key);
  }

  /** Calls `#compareWithIssued`, once for all calls that bring the same token meanwhile. */
  #compare(claims: TokenClaims, key: string): Promise<TokenClaims> {
    const comparison = this.#compareWithIssued(claims, key).finally(() => this.#comparisons.delete(key));
    this.#comparisons.set(key, comparison);
    return comparison;
  }

  /**
   * Returns `claims` if they are those that were issued under their id: with the signing key and a login, one
   * must not be able to impersonate another login. Checked once for each token in the cache.
   */
  async #compareWithIssued(claims: TokenClaims, key: string): Promise<TokenClaims> {
    const { store, isActive } = this.#options;
    const row = await store.read((db) => selectToken(db, claims.jti));
    if (row === undefined || !isActive(claims.jti)) throw notActive();
    if (!isIssued(claims, row))
      throw new AppError(
        'TOKEN_INVALID',
        'not a token of this server: its claims are not the ones that were issued',
      );
    this.#signatures.set(key, claims);
    return claims;
  }

  #verifySignature(token: string): TokenClaims {
    const { keys, serverId, times } = this.#options;
    const { payload } = verifyJws(token, keys.verification);
    const claims = Object.freeze(decodeClaims(payload, times()));
    if (claims.iss !== serverId)
      throw new AppError('TOKEN_INVALID', 'not a token of this server: it was issued by another one');
    return claims;
  }
}
