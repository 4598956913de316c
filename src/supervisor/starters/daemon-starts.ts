/**
 * Makes sure that a user has a link daemon (F19). The starts of one user run one after the other, so that
 * concurrent ones share one link daemon; after a failure there is no new start for 5 seconds; and the
 * account is checked each time, because sudo checks neither shell nor lock nor expiry.
 */
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { checkShadow } from '../../accounts/shadow.ts';
import { canonicalUser, type UserEntry } from '../../accounts/user-database.ts';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import { REFUSAL, type Starter } from './starter.ts';

const PAUSE_MS = 5_000;

/** The Linux user that a login is bound to. */
export type BoundUser = Pick<UserEntry, 'name' | 'uid'>;

export interface DaemonStartsOptions {
  /** Returns true when the user already has one, even if it does not respond at the moment. */
  readonly has: (user: BoundUser) => boolean;
  /** Returns true when the user has one that responds. */
  readonly responds: (user: BoundUser) => boolean;
  /** Allows a link daemon of `uid` to register, until disposed. */
  readonly expectDaemon: (uid: number) => Disposable;
  readonly starter: () => Starter | undefined;
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

interface Pause {
  /** Time of performance.now(). */
  readonly untilMs: number;
  readonly refusal: string | undefined;
}

export class DaemonStarts {
  readonly #options: DaemonStartsOptions;
  /** The starts of each user, by name. */
  readonly #turns = new KeyedQueue<string>();
  /** Failed starts by user, until the next one may be tried. */
  readonly #paused = new Map<string, Pause>();

  constructor(options: DaemonStartsOptions) {
    this.#options = options;
  }

  /** True when there is a way to start one. */
  get isPossible(): boolean {
    return this.#options.starter() !== undefined;
  }

  /**
   * Starts one for `bound` unless there is one. Also resolves when none can be started. Throws NOT_ELIGIBLE
   * for an account that may have none or has changed, and UNAVAILABLE.
   */
  async ensure(bound: BoundUser): Promise<void> {
    const { has } = this.#options;
    if (has(bound) || !this.isPossible) return;
    await this.#turns.run(bound.name, async () => {
      if (!has(bound)) await this.#attempt(await accountOf(bound));
    });
  }

  /**
   * Makes sure that `user` has one that responds: starts one like `ensure`, or else with `start`, which may
   * also do so for an account that `ensure` refuses: a locked one, for example, may still log in over SSH.
   * Returns true when `start` was called. Throws what `start` throws.
   */
  ensureWith(user: UserEntry, start: () => Promise<void>): Promise<boolean> {
    const { responds, expectDaemon } = this.#options;
    return this.#turns.run(user.name, async () => {
      await this.#attempt(user).catch(unlessNotEligible);
      if (responds(user)) return false;
      using _ = expectDaemon(user.uid);
      await start();
      return true;
    });
  }

  /**
   * Starts one for `bound` to replace the present one, if `isWanted` still returns true when its turn
   * comes. Also resolves when none can be started. Throws NOT_ELIGIBLE.
   */
  async replace(bound: BoundUser, isWanted: () => boolean): Promise<void> {
    await this.#turns.run(bound.name, async () => {
      if (isWanted()) await this.#start(await accountOf(bound));
    });
  }

  /** Starts one for `user` unless there is one; must be called in the user's turn. See `ensure`. */
  async #attempt(user: UserEntry): Promise<void> {
    if (!this.#options.has(user) && !this.#isPaused(user.name)) await this.#start(user);
  }

  async #start(user: UserEntry): Promise<void> {
    const { has, expectDaemon, starter, settings, now, log } = this.#options;
    const chosen = starter();
    if (chosen === undefined) return;
    try {
      checkEligible(user, settings().eligible);
      await checkShadow(user.name, now());
      using _ = expectDaemon(user.uid);
      await chosen.start(user);
      if (!has(user)) throw new AppError('UNAVAILABLE', 'the link daemon was started but has not registered');
    } catch (error) {
      if (isAppError(error, 'NOT_ELIGIBLE')) throw error;
      const refusal = isAppError(error) ? error.details[REFUSAL] : undefined;
      this.#paused.set(user.name, { untilMs: performance.now() + PAUSE_MS, refusal });
      log.warn({ err: error, linuxUser: user.name }, 'cannot start a link daemon');
    }
  }

  /** Returns why PAM refused the account when the last start failed a moment ago; undefined otherwise. */
  refusalOf(linuxUser: string): string | undefined {
    return this.#isPaused(linuxUser) ? this.#paused.get(linuxUser)?.refusal : undefined;
  }

  #isPaused(linuxUser: string): boolean {
    const nowMs = performance.now();
    for (const [name, { untilMs }] of this.#paused) if (untilMs <= nowMs) this.#paused.delete(name);
    return this.#paused.has(linuxUser);
  }
}

function unlessNotEligible(error: unknown): void {
  if (!isAppError(error, 'NOT_ELIGIBLE')) throw error;
}

/** Returns the account that a login is bound to. Throws NOT_ELIGIBLE when it has changed. */
async function accountOf({ name, uid }: BoundUser): Promise<UserEntry> {
  const user = await canonicalUser(name);
  if (user?.uid === uid) return user;
  throw new AppError('NOT_ELIGIBLE', `account ${JSON.stringify(name)} is no longer the one that logged in`);
}
