/**
 * The authority issues, verifies, refuses and deletes tokens. A token is durable before anybody has it,
 * each check consults the whitelist, and a token that was refused is never accepted again. The authority
 * never stores a token, and trusts no claim before it has found the signature valid and the whitelist
 * entry. It knows nothing of links or sessions: the revocation room ends those.
 */
import { hkdfSync } from 'node:crypto';
import type { AppError } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import { countTokensAndLogins, type Login, type LoginQuery, selectLogins } from '../store/tables/logins.ts';
import {
  allChildren,
  allTokenIds,
  deleteTokens,
  expiredTokens,
  linuxUsers,
  selectToken,
  selectTokens,
  selectTokensById,
  type TokenQuery,
  tokenIdsOf,
  tokenIdsOfUser,
  tokensOf,
} from '../store/tables/tokens.ts';
import type { TokenClaims } from '../token/claims.ts';
import { type Jwk, jwksOf } from '../token/key.ts';
import { makeProof } from '../token/proof.ts';
import type { AuthorityKeys } from './keys/authority-keys.ts';
import { type Call, CallsInFlight } from './tokens/calls-in-flight.ts';
import { type LifetimeSettings, longestLifetime } from './tokens/lifetimes.ts';
import { type Minted, type MintParts, type MintRequest, mint, renew } from './tokens/minting.ts';
import { claimsOf } from './tokens/token-row.ts';
import { Verification } from './tokens/verification.ts';
import { notActive, type Refused, Whitelist } from './tokens/whitelist.ts';

export type { Login } from '../store/tables/logins.ts';
export type { Call } from './tokens/calls-in-flight.ts';
export type { Minted, MintRequest } from './tokens/minting.ts';
export type { Refused } from './tokens/whitelist.ts';

/** Reason why a token ends. */
export type EndReason = 'revoked' | 'logout' | 'expired' | 'link-ended' | 'replaced';

/** A token was issued, got a later expiry, or was removed. */
export type TokenChange =
  | { readonly kind: 'added'; readonly claims: TokenClaims; readonly sshFrom?: string | undefined }
  | { readonly kind: 'changed'; readonly claims: TokenClaims }
  | { readonly kind: 'removed'; readonly claims: TokenClaims; readonly why: EndReason };

export interface AuthorityOptions {
  readonly store: Store;
  readonly keys: AuthorityKeys;
  readonly serverId: string;
  readonly hostname: string;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => LifetimeSettings;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
}

/** Interval at which calls are checked for expiry, in case the clock was set. */
const POLL_MS = 1000;
const INIT_KEY_BYTES = 32;

export class Authority implements Disposable {
  /** Feed of changes to tokens; each is sent once it has taken effect. */
  readonly changes = new Feed<TokenChange>();

  readonly #options: AuthorityOptions;
  readonly #whitelist = new Whitelist();
  readonly #verification: Verification;
  readonly #calls: CallsInFlight;
  readonly #mintParts: MintParts;
  /** Maximum of all lifetimes configured since the start, so that a reload ends no token early. */
  #longestLifetimeSeconds = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: AuthorityOptions) {
    const { store, keys, serverId, hostname, now } = options;
    this.#options = options;
    this.#calls = new CallsInFlight(now);
    this.#verification = new Verification({
      store,
      keys,
      serverId,
      isActive: (jti) => this.isActive(jti),
      times: () => this.#times(),
    });
    this.#mintParts = {
      store,
      whitelist: this.#whitelist,
      signing: keys.signing,
      issuer: { serverId, hostname },
      lifetimes: () => this.#lifetimes(),
      longestLifetimeSeconds: () => this.#longestLifetimeSeconds,
      now,
    };
  }

  /** Opens the authority on the tokens in the store. Throws STORE_UNAVAILABLE. */
  static async open(options: AuthorityOptions): Promise<Authority> {
    const authority = new Authority(options);
    const whitelist = authority.#whitelist;
    await options.store.read(async (db) => {
      for await (const rows of allTokenIds(db)) {
        for (const { jti, expires_at } of rows) whitelist.load(jti, Number(expires_at));
      }
      for (const { jti, parent } of await allChildren(db)) if (parent !== null) whitelist.adopt(jti, parent);
    });
    authority.#timer = setInterval(() => authority.#calls.expire(), POLL_MS).unref();
    return authority;
  }

  /**
   * Issues a token: durable, then active, then returned. Throws INVALID_ARGUMENT for names that do not fit
   * into a token, TOKEN_NOT_ACTIVE when its parent is not active, LIMIT_EXCEEDED, STORE_UNAVAILABLE.
   */
  async mint(request: MintRequest): Promise<Minted> {
    const minted = await mint(this.#mintParts, request);
    this.changes.emit({ kind: 'added', claims: minted.claims, sshFrom: request.sshFrom });
    return minted;
  }

  /** Reissues a token with a later expiry. Throws TOKEN_NOT_ACTIVE, STORE_UNAVAILABLE. */
  async renew(jti: string): Promise<Minted> {
    const minted = await renew(this.#mintParts, jti);
    this.changes.emit({ kind: 'changed', claims: minted.claims });
    return minted;
  }

  /**
   * Returns the claims of a valid token (F3): well-formed, signed and issued by this server with just these
   * claims, not expired, in the whitelist. Throws TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_NOT_ACTIVE,
   * STORE_UNAVAILABLE.
   */
  verify(token: string): TokenClaims | Promise<TokenClaims> {
    return this.#verification.verify(token);
  }

  /** Returns true when the token is in the whitelist and has not expired. */
  isActive(jti: string): boolean {
    return this.#options.now() < (this.#whitelist.expiryOf(jti) ?? 0) * 1000;
  }

  /**
   * Registers a call in flight under the token; `leave` must be called when it has ended. `abort` is called
   * once, when the token is revoked or expires: at `untilSeconds` (its claim exp), or at the whitelist's
   * time if that is earlier. Throws TOKEN_NOT_ACTIVE.
   */
  enter(jti: string, abort: (error: AppError) => void, untilSeconds = Number.POSITIVE_INFINITY): Call {
    if (!this.isActive(jti)) throw notActive();
    const seconds = Math.min(this.#whitelist.expiryOf(jti) ?? 0, untilSeconds);
    return this.#calls.enter(jti, seconds * 1000, abort);
  }

  /**
   * Refuses tokens and their descendants from now on; ignores ids that are not active. The tokens in the
   * result must then be deleted with `delete`, repeatedly until that succeeds.
   */
  refuse(jtis: readonly string[]): Refused {
    return this.#whitelist.refuse(jtis);
  }

  /**
   * Refuses the tokens of a login that are being issued; returns their ids, which must be deleted like
   * others.
   */
  refusePending(login: string): string[] {
    return this.#whitelist.refusePending(login);
  }

  /**
   * Aborts the calls of refused tokens with `error`, except `except`. Resolves when all have left, or after
   * five seconds, with the number that had not.
   */
  endCalls(jtis: readonly string[], error: AppError, except?: Call): Promise<number> {
    return this.#calls.end(jtis, error, except);
  }

  /** Deletes refused tokens permanently; returns their claims. Throws STORE_UNAVAILABLE. */
  async delete(jtis: readonly string[]): Promise<TokenClaims[]> {
    const rows = await this.#options.store.commit(
      async (tx) => {
        const found = await selectTokensById(tx, jtis);
        await deleteTokens(tx, jtis);
        return found;
      },
      { isUrgent: true },
    );
    return rows.map(claimsOf);
  }

  /** Announces in `changes` that a token is gone; once for each token. */
  announceRemoval(claims: TokenClaims, why: EndReason): void {
    this.changes.emit({ kind: 'removed', claims, why });
  }

  /** Returns the active tokens among these and their descendants. */
  withChildren(jtis: readonly string[]): string[] {
    return this.#whitelist.withChildren(jtis).filter((jti) => this.#whitelist.expiryOf(jti) !== undefined);
  }

  /**
   * Returns the ids of tokens whose parent is not active; there are some only after a crash during
   * revocation.
   */
  orphans(): string[] {
    return this.#whitelist.orphans();
  }

  /** Returns the ids of at most `limit` expired tokens, earliest first. Throws STORE_UNAVAILABLE. */
  async expired(limit: number): Promise<string[]> {
    const { nowSeconds } = this.#times();
    return this.#options.store.read((db) => expiredTokens(db, nowSeconds, limit));
  }

  /** Returns the ids of all tokens of a login that are not deleted. Throws STORE_UNAVAILABLE. */
  async idsOf(login: string): Promise<string[]> {
    return this.#options.store.read((db) => tokenIdsOf(db, login));
  }

  /**
   * Returns the ids of all tokens that were issued for a Linux user while it had this uid, and are not
   * deleted. Throws STORE_UNAVAILABLE.
   */
  async idsOfUser(user: { name: string; uid: number }): Promise<string[]> {
    return this.#options.store.read((db) => tokenIdsOfUser(db, user));
  }

  /**
   * Returns the Linux users of all tokens, with the uids that they had when those were issued. Throws
   * STORE_UNAVAILABLE.
   */
  async linuxUsers(): Promise<{ name: string; uid: number }[]> {
    return this.#options.store.read((db) => linuxUsers(db));
  }

  /** Returns the claims of tokens that are not deleted, active or not. Throws STORE_UNAVAILABLE. */
  async claimsOf(jtis: readonly string[]): Promise<TokenClaims[]> {
    return (await this.#options.store.read((db) => selectTokensById(db, jtis))).map(claimsOf);
  }

  /** Returns the claims of an active token; undefined for any other. Throws STORE_UNAVAILABLE. */
  async get(jti: string): Promise<TokenClaims | undefined> {
    const row = await this.#options.store.read((db) => selectToken(db, jti));
    return row !== undefined && this.isActive(jti) ? claimsOf(row) : undefined;
  }

  /**
   * Returns the uid that the token's Linux user had when the token was issued; undefined without one.
   * Throws TOKEN_NOT_ACTIVE, STORE_UNAVAILABLE.
   */
  async uidOf(jti: string): Promise<number | undefined> {
    const row = await this.#options.store.read((db) => selectToken(db, jti));
    if (row === undefined || !this.isActive(jti)) throw notActive();
    return row.uid ?? undefined;
  }

  /** Returns a page of active tokens. Throws INVALID_ARGUMENT, STORE_UNAVAILABLE. */
  async list(query: TokenQuery): Promise<Page<TokenClaims>> {
    const page = await this.#options.store.read((db) => selectTokens(db, query));
    return { ...page, items: page.items.filter(({ jti }) => this.isActive(jti)).map(claimsOf) };
  }

  /** Returns a page of logins with active tokens. Throws INVALID_ARGUMENT, STORE_UNAVAILABLE. */
  async listLogins(query: LoginQuery): Promise<Page<Login>> {
    return this.#options.store.read((db) => selectLogins(db, query));
  }

  /** Counts the active tokens, and the logins that have any. Throws STORE_UNAVAILABLE. */
  async count(): Promise<{ tokens: number; logins: number }> {
    return this.#options.store.read(countTokensAndLogins);
  }

  /** Returns all active tokens of a login. Throws STORE_UNAVAILABLE. */
  async liveTokensOf(login: string): Promise<TokenClaims[]> {
    const rows = await this.#options.store.read((db) => tokensOf(db, login));
    return rows.filter(({ jti }) => this.isActive(jti)).map(claimsOf);
  }

  /** Returns the public keys of all live tokens, for publication. */
  jwks(): { keys: Jwk[] } {
    return jwksOf(this.#options.keys.verification.values());
  }

  /** Makes a proof for the link of `uid` that sent `nonce` (F23). */
  proofFor(uid: number, nonce: Buffer): string {
    const { serverId, keys, now } = this.#options;
    return makeProof({ serverId, uid, nonce, nowSeconds: Math.floor(now() / 1000) }, keys.signing);
  }

  /** Returns the init key of the link with this token. It is derived (RFC 5869), so none is stored. */
  initKey(jti: string): Buffer {
    const { master } = this.#options.keys;
    return Buffer.from(hkdfSync('sha256', master, '', `latchkey link init ${jti}`, INIT_KEY_BYTES));
  }

  /** Stops checking for expiry. Tokens stay as they are. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#calls[Symbol.dispose]();
  }

  #times(): { nowSeconds: number; longestLifetimeSeconds: number } {
    const nowSeconds = Math.floor(this.#options.now() / 1000);
    this.#lifetimes();
    return { nowSeconds, longestLifetimeSeconds: this.#longestLifetimeSeconds };
  }

  #lifetimes(): LifetimeSettings {
    const settings = this.#options.settings();
    this.#longestLifetimeSeconds = Math.max(this.#longestLifetimeSeconds, longestLifetime(settings));
    return settings;
  }
}
