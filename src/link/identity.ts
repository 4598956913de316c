/**
 * Identity of this link: its token, and the key that link and daemon prove to each other to know after a
 * restart. Nothing is accepted without a valid signature of the daemon's own public key (F23); a link
 * that cannot read that key rejects everything.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Init, Ready, Renew, Resume } from '../generated/latchkey/link/v1/link.ts';
import { NONCE_BYTES, PROTOCOL_VERSION } from '../link-protocol/protocol.ts';
import type { LocalServer } from '../system/local-server.ts';
import { decodeClaims, type TokenClaims } from '../token/claims.ts';
import { verifyJws } from '../token/jws.ts';
import { type KeySet, keySetFromJwks } from '../token/key.ts';
import { resumeMac, verifyProof } from '../token/proof.ts';

const INIT_KEY_BYTES = 32;
/** The daemon decides how long a token lives and has signed it; the link adds no limit of its own. */
const NO_LIMIT_SECONDS = Number.MAX_SAFE_INTEGER;

/** Fixed properties of this link. */
export interface LinkFacts {
  /** Id of the server that this link belongs to. */
  readonly serverId: string;
  readonly uid: number;
  readonly linuxUser: string;
  /** Base name of the link's socket. */
  readonly socket: string;
  readonly daemon: boolean;
}

/** A token that the daemon has issued for this link. */
export interface LinkToken {
  readonly token: string;
  readonly claims: TokenClaims;
}

export class Identity {
  readonly facts: LinkFacts;
  readonly #server: () => LocalServer | undefined;
  readonly #now: () => number;
  #current: LinkToken | undefined;
  #initKey: Buffer | undefined;

  /** `server` is called for each check, since keys rotate; `now` returns milliseconds since 1970. */
  constructor(facts: LinkFacts, server: () => LocalServer | undefined, now: () => number) {
    this.facts = facts;
    this.#server = server;
    this.#now = now;
  }

  /** Undefined before `init`. */
  get current(): LinkToken | undefined {
    return this.#current;
  }

  /** Accepts the first token and the init key. Throws TOKEN_INVALID, TOKEN_EXPIRED. */
  init(init: Init, nonce: Buffer): LinkToken {
    if (this.#current !== undefined)
      throw new AppError('INVALID_ARGUMENT', 'this link is already initialised');
    const token = this.#verify(init, nonce);
    if (init.initKey.length !== INIT_KEY_BYTES) throw invalid('the init key does not have 32 bytes');
    this.#initKey = Buffer.from(init.initKey);
    this.#current = token;
    return token;
  }

  /** Accepts a later token with the same id. Throws TOKEN_INVALID, TOKEN_EXPIRED. */
  renew(renew: Renew, nonce: Buffer): LinkToken {
    const token = this.#verify(renew, nonce);
    const old = this.#current?.claims;
    if (token.claims.jti !== old?.jti || token.claims.sub !== old.sub)
      throw invalid('the token belongs to another link');
    if (token.claims.exp < old.exp) throw invalid('the token expires before the current one');
    this.#current = token;
    return token;
  }

  /** Checks that the daemon knows the init key, and returns the link's own proof. Throws TOKEN_INVALID. */
  resume({ nonce: daemonNonce, mac }: Resume, linkNonce: Buffer): Ready {
    const jti = this.#current?.claims.jti;
    if (jti === undefined || this.#initKey === undefined) throw invalid('this link is not initialised yet');
    if (daemonNonce.length !== NONCE_BYTES) throw invalid('the nonce does not have 32 bytes');
    const transcript = { version: PROTOCOL_VERSION, linkNonce, daemonNonce, jti, uid: this.facts.uid };
    const expected = resumeMac('daemon', this.#initKey, transcript);
    if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) throw invalid('wrong init key');
    return { mac: resumeMac('link', this.#initKey, transcript), jti };
  }

  #verify({ token, proof }: Renew, nonce: Buffer): LinkToken {
    const keys = this.#keys();
    const nowSeconds = Math.floor(this.#now() / 1000);
    verifyProof(proof, keys, { uid: this.facts.uid, nonce, nowSeconds });
    const times = { nowSeconds, longestLifetimeSeconds: NO_LIMIT_SECONDS };
    const claims = decodeClaims(verifyJws(token, keys).payload, times);
    const { serverId, linuxUser, socket, daemon } = this.facts;
    if (claims.iss !== serverId) throw invalid('iss is not the server of this host');
    if (claims.socket !== socket) throw invalid('the token was issued for another socket');
    if ((claims.daemon ?? false) !== daemon) throw invalid('the token was issued for another kind of link');
    if (claims.user !== undefined && claims.user !== linuxUser)
      throw invalid('the token was issued for another user');
    return { token, claims };
  }

  #keys(): KeySet {
    const server = this.#server();
    if (server === undefined) throw invalid('cannot read the public key of the server');
    return keySetFromJwks(server.keys);
  }
}

export function newNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

function invalid(why: string): AppError {
  return new AppError('TOKEN_INVALID', `rejected by the link: ${why}`);
}
