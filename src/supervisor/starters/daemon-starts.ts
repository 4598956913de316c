/**
 * Seeing to it that a user has a link daemon (F19). One start of a user goes on at a time, so that racing ones
 * share one link; a start that failed is not tried again at once; and the account is looked at each time, for
 * what starts it asks for neither shell nor lock nor expiry.
 */
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { checkShadow } from '../../accounts/shadow.ts';
import { canonicalUser, type UserEntry } from '../../accounts/user-database.ts';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { Starter } from './starter.ts';

const REST_MS = 5_000;

/** A Linux user as a login was bound to it: name and uid. */
export type BoundUser = Pick<UserEntry, 'name' | 'uid'>;

export interface DaemonStartsOptions {
  /** Whether a user has one already, even if it does not answer just now. */
  readonly has: (user: BoundUser) => boolean;
  /** Lets a link daemon of `uid` register until disposed. */
  readonly expect: (uid: number) => Disposable;
  readonly starter: () => Starter | undefined;
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

export class DaemonStarts {
  readonly #options: DaemonStartsOptions;
  /** By name of the user. */
  readonly #turns = new KeyedQueue<string>();
  /** Until when a user's next start waits, by performance.now(). */
  readonly #resting = new Map<string, number>();

  constructor(options: DaemonStartsOptions) {
    this.#options = options;
  }

  /** Whether there is a way to start one. */
  get isPossible(): boolean {
    return this.#options.starter() !== undefined;
  }

  /**
   * Starts one for `bound` unless there is one. Resolves also when none can be had. Throws NOT_ELIGIBLE for an
   * account that may have none, or is another one by now, and UNAVAILABLE.
   */
  async ensure(bound: BoundUser): Promise<void> {
    const { has } = this.#options;
    if (has(bound) || !this.isPossible) return;
    await this.inTurn(bound.name, async () => {
      if (!has(bound)) await this.attempt(await accountOf(bound));
    });
  }

  /**
   * Starts another one for `bound` in place of the one there is, if it still `isWanted` when its turn comes. Resolves
   * also when none can be had. Throws NOT_ELIGIBLE.
   */
  async replace(bound: BoundUser, isWanted: () => boolean): Promise<void> {
    await this.inTurn(bound.name, async () => {
      if (isWanted()) await this.#start(await accountOf(bound));
    });
  }

  /** To be called in turn. Starts one for `user` unless there is one. See `ensure`. */
  async attempt(user: UserEntry): Promise<void> {
    if (!this.#options.has(user) && !this.#isResting(user.name)) await this.#start(user);
  }

  async #start(user: UserEntry): Promise<void> {
    const { has, expect, starter, settings, now, log } = this.#options;
    const chosen = starter();
    if (chosen === undefined) return;
    try {
      checkEligible(user, settings().eligible);
      await checkShadow(user.name, now());
      using _ = expect(user.uid);
      await chosen.start(user);
      if (!has(user)) throw new AppError('UNAVAILABLE', 'what was started has not registered');
    } catch (error) {
      if (isAppError(error, 'NOT_ELIGIBLE')) throw error;
      this.#resting.set(user.name, performance.now() + REST_MS);
      log.warn({ err: error, linuxUser: user.name }, 'no link daemon could be started');
    }
  }

  /** Runs `work` when all that was begun for `linuxUser` before is over. */
  inTurn<T>(linuxUser: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.run(linuxUser, work);
  }

  #isResting(linuxUser: string): boolean {
    const nowMs = performance.now();
    for (const [name, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(name);
    return this.#resting.has(linuxUser);
  }
}

/** The account that a login was bound to. */
async function accountOf({ name, uid }: BoundUser): Promise<UserEntry> {
  const user = await canonicalUser(name);
  if (user?.uid === uid) return user;
  throw new AppError('NOT_ELIGIBLE', `the account ${JSON.stringify(name)} is not the one that logged in`);
}
