/**
 * Ends calls whose caller loses the role that they were admitted with, within a second (X2): a watch can last
 * for days. Only calls admitted as more than a user are watched.
 */
import type { Role } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { hasAtLeast, type IdentityDeps } from './caller.ts';

const CHECK_INTERVAL_MS = 1_000;

interface Holder {
  readonly claims: TokenClaims;
  readonly role: Role;
  readonly abort: (error: AppError) => void;
}

export class RoleWatch implements Disposable {
  readonly #roles: IdentityDeps['roles'];
  readonly #holders = new Set<Holder>();
  readonly #timer: NodeJS.Timeout;

  constructor(roles: IdentityDeps['roles'], intervalMs = CHECK_INTERVAL_MS) {
    this.#roles = roles;
    this.#timer = setInterval(() => void this.#check(), intervalMs).unref();
  }

  /**
   * Aborts the call when its caller's role no longer suffices. Dispose of the result when the call has ended.
   */
  enter(claims: TokenClaims, role: Role, abort: (error: AppError) => void): Disposable {
    const holder = { claims, role, abort };
    if (role !== 'user') this.#holders.add(holder);
    return { [Symbol.dispose]: () => void this.#holders.delete(holder) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    for (const { claims, role, abort } of [...this.#holders]) {
      if (hasAtLeast(await this.#roles.roleOf(claims), role)) continue;
      abort(new AppError('PERMISSION_DENIED', `you are no longer ${role}; call again`));
    }
  }
}
