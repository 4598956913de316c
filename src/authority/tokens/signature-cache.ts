import type { TokenClaims } from '../../token/claims.ts';

/**
 * Caches the claims of tokens whose signature has been verified, by a hash of the token. It says nothing
 * about whether a token is active. Bounded: when the young generation is full it becomes the old one, and
 * entries of the previous old one are dropped unless they were used since.
 */
export class SignatureCache {
  readonly #capacity: number;
  #young = new Map<string, TokenClaims>();
  #old = new Map<string, TokenClaims>();

  /** Holds at most twice `capacity` entries. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(hash: string): TokenClaims | undefined {
    const young = this.#young.get(hash);
    if (young !== undefined) return young;
    const old = this.#old.get(hash);
    if (old !== undefined) this.set(hash, old);
    return old;
  }

  set(hash: string, claims: TokenClaims): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(hash, claims);
  }
}
