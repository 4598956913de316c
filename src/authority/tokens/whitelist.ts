/**
 * The active tokens, in memory. The daemon is the only writer of the database, so this is the
 * authoritative whitelist rather than a cache that may lag: a token is admitted only after its commit,
 * and refused before the commit that deletes it. An entry is an id and a time, so that a million tokens
 * fit.
 */
import { AppError } from '../../errors.ts';

/** The error for every token that is not in the whitelist; callers do not learn the reason. */
export function notActive(): AppError {
  return new AppError(
    'TOKEN_NOT_ACTIVE',
    'the token is not active: it was revoked, logged out or never issued; log in again',
  );
}

/** A token between the start of its commit and its admission. */
interface Announced {
  readonly login: string;
  refused: boolean;
}

/** The tokens that were refused; the caller must delete their rows. */
export interface Refused {
  /** Tokens that were active. */
  readonly active: readonly string[];
  /** Tokens that were being committed; they are never handed out. */
  readonly pending: readonly string[];
}

export class Whitelist {
  readonly #active = new Map<string, number>();
  readonly #announced = new Map<string, Announced>();
  readonly #childrenOf = new Map<string, Set<string>>();
  readonly #parentOf = new Map<string, string>();

  /** Number of active tokens. */
  get size(): number {
    return this.#active.size;
  }

  /** Returns the token's expiry in seconds since 1970; undefined when it is not active. */
  expiryOf(jti: string): number | undefined {
    return this.#active.get(jti);
  }

  /** Adds a token read from the store. */
  load(jti: string, expiresAtSeconds: number): void {
    this.#active.set(jti, expiresAtSeconds);
  }

  /** Records the parent of a token. */
  adopt(jti: string, parent: string): void {
    const siblings = this.#childrenOf.get(parent);
    if (siblings === undefined) this.#childrenOf.set(parent, new Set([jti]));
    else siblings.add(jti);
    this.#parentOf.set(jti, parent);
  }

  /** Returns tokens whose parent is not active; there are some only after a crash during revocation. */
  orphans(): string[] {
    return [...this.#parentOf].filter(([, parent]) => !this.#active.has(parent)).map(([jti]) => jti);
  }

  /** Called before a token is committed: from here on it can be refused, although nobody has it yet. */
  announce(jti: string, login: string, parent?: string): void {
    this.#announced.set(jti, { login, refused: false });
    if (parent !== undefined) this.adopt(jti, parent);
  }

  /** Called after the commit. Returns false, without admitting the token, when it was refused meanwhile. */
  admit(jti: string, expiresAtSeconds: number): boolean {
    const announced = this.#announced.get(jti);
    this.#announced.delete(jti);
    if (announced === undefined || announced.refused) return false;
    this.#active.set(jti, expiresAtSeconds);
    return true;
  }

  /** Called after a failed commit. */
  withdraw(jti: string): void {
    this.#announced.delete(jti);
    this.#removeFromParent(jti);
  }

  /** Changes the expiry of an active token; returns false when it is not active. */
  extend(jti: string, expiresAtSeconds: number): boolean {
    if (!this.#active.has(jti)) return false;
    this.#active.set(jti, expiresAtSeconds);
    return true;
  }

  /** Returns the tokens and all their descendants, each once, active or not. */
  withChildren(jtis: readonly string[]): string[] {
    const found = new Set<string>();
    const waiting = [...jtis];
    for (let jti = waiting.pop(); jti !== undefined; jti = waiting.pop()) {
      if (found.has(jti)) continue;
      found.add(jti);
      waiting.push(...(this.#childrenOf.get(jti) ?? []));
    }
    return [...found];
  }

  /** Refuses the tokens and all their descendants. */
  refuse(jtis: readonly string[]): Refused {
    const refused: { active: string[]; pending: string[] } = { active: [], pending: [] };
    for (const jti of this.withChildren(jtis)) {
      const announced = this.#announced.get(jti);
      if (announced !== undefined && refuseOnce(announced)) refused.pending.push(jti);
      if (this.#active.delete(jti)) refused.active.push(jti);
      this.#removeFromParent(jti);
    }
    return refused;
  }

  /** Refuses the tokens of a login that are being committed; returns their ids. */
  refusePending(login: string): string[] {
    const ofLogin = [...this.#announced].filter(([, announced]) => announced.login === login);
    return ofLogin.filter(([, announced]) => refuseOnce(announced)).map(([jti]) => jti);
  }

  #removeFromParent(jti: string): void {
    const parent = this.#parentOf.get(jti);
    if (parent === undefined) return;
    this.#parentOf.delete(jti);
    const siblings = this.#childrenOf.get(parent);
    siblings?.delete(jti);
    if (siblings?.size === 0) this.#childrenOf.delete(parent);
  }
}

/** Returns false when it was refused before. */
function refuseOnce(announced: Announced): boolean {
  const isFirst = !announced.refused;
  announced.refused = true;
  return isFirst;
}
