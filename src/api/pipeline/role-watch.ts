/**
 * Calls that are under way in a role above a user's, which somebody may lose meanwhile: a watch can last for
 * days. Promises that such a call ends within a second of the loss (X2).
 */
import type { Role } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { hasAtLeast, type Identifying } from './caller.ts';

const LOOK_MS = 1_000;

interface Holder {
  readonly claims: TokenClaims;
  readonly role: Role;
  readonly abort: (error: AppError) => void;
}

export class RoleWatch implements Disposable {
  readonly #roles: Identifying['roles'];
  readonly #holders = new Set<Holder>();
  readonly #timer: NodeJS.Timeout;

  constructor(roles: Identifying['roles'], lookMs = LOOK_MS) {
    this.#roles = roles;
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Aborts the call when its caller's role is no longer enough; dispose it when the call is over. */
  enter(claims: TokenClaims, role: Role, abort: (error: AppError) => void): Disposable {
    const holder = { claims, role, abort };
    if (role !== 'user') this.#holders.add(holder);
    return { [Symbol.dispose]: () => void this.#holders.delete(holder) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    for (const { claims, role, abort } of [...this.#holders]) {
      if (hasAtLeast(await this.#roles.roleOf(claims), role)) continue;
      abort(new AppError('PERMISSION_DENIED', `you are no longer ${role}; call again for what is yours`));
    }
  }
}
