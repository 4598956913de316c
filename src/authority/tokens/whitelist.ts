/**
 * Which tokens are active, in memory. The daemon is the database's only writer, so this is the
 * whitelist itself and not a copy that may lag: a token is admitted only after its commit, and
 * refused before the commit that deletes it. Frugal, for a million tokens: an id and a time each.
 */
import { AppError } from '../../errors.ts';

/** What a caller is told of every token that is not in the whitelist: nobody learns why it is not. */
export function notActive(): AppError {
  return new AppError(
    'TOKEN_NOT_ACTIVE',
    'the token is not active: it was revoked, logged out or never issued; log in again',
  );
}

/** A token between the begin of its commit and its admission. */
interface Announced {
  readonly login: string;
  refused: boolean;
}

export class Whitelist {
  readonly #active = new Map<string, number>();
  readonly #announced = new Map<string, Announced>();
  readonly #childrenOf = new Map<string, Set<string>>();
  readonly #parentOf = new Map<string, string>();

  /** How many tokens are active. */
  get size(): number {
    return this.#active.size;
  }

  /** When the token's time is over, in seconds; undefined when it is not active. */
  expiryOf(jti: string): number | undefined {
    return this.#active.get(jti);
  }

  /** Admits what the store has. */
  load(jti: string, expiresAtSeconds: number): void {
    this.#active.set(jti, expiresAtSeconds);
  }

  /** Hangs a token on the one it was made from. */
  adopt(jti: string, parent: string): void {
    const siblings = this.#childrenOf.get(parent);
    if (siblings === undefined) this.#childrenOf.set(parent, new Set([jti]));
    else siblings.add(jti);
    this.#parentOf.set(jti, parent);
  }

  /** Tokens whose parent is not active; there are none but after a crash at a bad moment. */
  orphans(): string[] {
    return [...this.#parentOf].filter(([, parent]) => !this.#active.has(parent)).map(([jti]) => jti);
  }

  /** Before a token is committed: from here on it can be refused, though nobody has it yet. */
  announce(jti: string, login: string, parent?: string): void {
    this.#announced.set(jti, { login, refused: false });
    if (parent !== undefined) this.adopt(jti, parent);
  }

  /** After the commit. False, and not admitted, when it was refused in the meantime. */
  admit(jti: string, expiresAtSeconds: number): boolean {
    const announced = this.#announced.get(jti);
    this.#announced.delete(jti);
    if (announced === undefined || announced.refused) return false;
    this.#active.set(jti, expiresAtSeconds);
    return true;
  }

  /** After a commit that failed. */
  withdraw(jti: string): void {
    this.#announced.delete(jti);
    this.#leave(jti);
  }

  /** Moves the end of an active token; false when it is not active. */
  extend(jti: string, expiresAtSeconds: number): boolean {
    if (!this.#active.has(jti)) return false;
    this.#active.set(jti, expiresAtSeconds);
    return true;
  }

  /** Refuses the tokens and all that were made from them; answers those that were active. */
  refuse(jtis: readonly string[]): string[] {
    const refused: string[] = [];
    const waiting = [...jtis];
    for (let jti = waiting.pop(); jti !== undefined; jti = waiting.pop()) {
      waiting.push(...(this.#childrenOf.get(jti) ?? []));
      const announced = this.#announced.get(jti);
      if (announced !== undefined) announced.refused = true;
      if (this.#active.delete(jti)) refused.push(jti);
      this.#leave(jti);
    }
    return refused;
  }

  /** Refuses what is being committed for a login. */
  refuseAnnounced(login: string): void {
    for (const announced of this.#announced.values()) if (announced.login === login) announced.refused = true;
  }

  #leave(jti: string): void {
    const parent = this.#parentOf.get(jti);
    if (parent === undefined) return;
    this.#parentOf.delete(jti);
    const siblings = this.#childrenOf.get(parent);
    siblings?.delete(jti);
    if (siblings?.size === 0) this.#childrenOf.delete(parent);
  }
}
