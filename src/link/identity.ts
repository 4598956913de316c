/**
 * Which link this is to the daemon: its token, and the key that both prove to know after a
 * restart. Promises that nothing is taken whose signature the daemon's own public key does not
 * vouch for (F23); a link that cannot read that key refuses everything.
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
/** How long a token may live is the daemon's to decide, and it has signed what it decided. */
const NO_LIMIT_SECONDS = Number.MAX_SAFE_INTEGER;

/** What this link knows of itself. */
export interface LinkFacts {
  /** The daemon that it serves. */
  readonly serverId: string;
  readonly uid: number;
  readonly linuxUser: string;
  /** Base name of its socket. */
  readonly socket: string;
  readonly daemon: boolean;
}

/** A token that the daemon has made for this link. */
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

  /** `server` is asked each time, since keys rotate; `now` in milliseconds. */
  constructor(facts: LinkFacts, server: () => LocalServer | undefined, now: () => number) {
    this.facts = facts;
    this.#server = server;
    this.#now = now;
  }

  /** Undefined until `init`. */
  get current(): LinkToken | undefined {
    return this.#current;
  }

  /** Becomes the link that the token names. Throws TOKEN_INVALID, TOKEN_EXPIRED. */
  init(init: Init, nonce: Buffer): LinkToken {
    if (this.#current !== undefined) throw new AppError('INVALID_ARGUMENT', 'this link is initialised');
    const token = this.#verify(init, nonce);
    if (init.initKey.length !== INIT_KEY_BYTES) throw invalid('the key has not 32 bytes');
    this.#initKey = Buffer.from(init.initKey);
    this.#current = token;
    return token;
  }

  /** Takes a later token of the same id. Throws TOKEN_INVALID, TOKEN_EXPIRED. */
  renew(renew: Renew, nonce: Buffer): LinkToken {
    const token = this.#verify(renew, nonce);
    const old = this.#current?.claims;
    if (token.claims.jti !== old?.jti || token.claims.sub !== old.sub) throw invalid('it is not this link’s');
    if (token.claims.exp < old.exp) throw invalid('it ends before the one that this link has');
    this.#current = token;
    return token;
  }

  /** Checks that the daemon knows the init key, and proves the same. Throws TOKEN_INVALID. */
  resume({ nonce: daemonNonce, mac }: Resume, linkNonce: Buffer): Ready {
    const jti = this.#current?.claims.jti;
    if (jti === undefined || this.#initKey === undefined) throw invalid('this link is not initialised');
    if (daemonNonce.length !== NONCE_BYTES) throw invalid('the nonce has not 32 bytes');
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
    if (claims.iss !== serverId) throw invalid('iss is not this host’s server');
    if (claims.socket !== socket) throw invalid('it was made for another socket');
    if ((claims.daemon ?? false) !== daemon) throw invalid('it was made for a link of another kind');
    if (claims.user !== undefined && claims.user !== linuxUser) throw invalid('it was made for another user');
    return { token, claims };
  }

  #keys(): KeySet {
    const server = this.#server();
    if (server === undefined) throw invalid('the daemon’s public key cannot be read');
    return keySetFromJwks(server.keys);
  }
}

/** For a Hello. */
export function newNonce(): Buffer {
  return randomBytes(NONCE_BYTES);
}

function invalid(why: string): AppError {
  return new AppError('TOKEN_INVALID', `the link does not accept this: ${why}`);
}
