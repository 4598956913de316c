/**
 * Makes sure that a user has a link daemon (F19), which was started with what logins get now (X10). The
 * starts of one user run one after the other, so that concurrent ones share one link daemon; after a failure
 * there is no new start for 5 seconds; and the account is checked each time, because sudo checks neither
 * shell nor lock nor expiry.
 */
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { differences, type LoginSettings, loginSettingsOf } from '../../accounts/login-settings.ts';
import { checkShadow } from '../../accounts/shadow.ts';
import { canonicalUser, type UserEntry } from '../../accounts/user-database.ts';
import { KeyedQueue } from '../../async/keyed-queue.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { Link } from '../link.ts';
import { REFUSAL, type Starter, SUDO_REASON } from './starter.ts';

const PAUSE_MS = 5_000;

/** The Linux user that a login is bound to. */
export type BoundUser = Pick<UserEntry, 'name' | 'uid'>;

export interface DaemonStartsOptions {
  /** Returns the one that accepts the user's starts, even if it does not respond at the moment. */
  readonly present: (user: BoundUser) => Link | undefined;
  /** Allows a link daemon of `uid` to register until disposed, which is started with these settings. */
  readonly expectDaemon: (uid: number, loginSettings: LoginSettings) => Disposable;
  readonly starter: () => Starter | undefined;
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Why the last start of a user's link daemon has failed, as far as the user may know. */
export interface Refusal {
  /** The message of PAM about the account. */
  readonly why?: string | undefined;
  /** True when the rules of sudo leave out the account. */
  readonly isLeftOut: boolean;
}

interface Pause extends Refusal {
  /** Time of performance.now(). */
  readonly untilMs: number;
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
    const { present } = this.#options;
    if (present(bound) || !this.isPossible) return;
    await this.#turns.run(bound.name, async () => {
      if (present(bound) || this.#isPaused(bound.name)) return;
      const user = await accountOf(bound);
      await this.#start(user, await loginSettingsOf(user));
    });
  }

  /**
   * Replaces the one of `bound` if logins get something else than it was started with; `now` is what they
   * get. Also resolves when none can be started. Throws NOT_ELIGIBLE, UNAVAILABLE.
   */
  async refresh(bound: BoundUser, now: LoginSettings): Promise<void> {
    if (!this.#isStale(bound, now) || !this.isPossible) return;
    await this.#turns.run(bound.name, async () => {
      if (this.#isPaused(bound.name)) return;
      const user = await accountOf(bound);
      const latest = await loginSettingsOf(user);
      if (this.#isStale(bound, latest)) await this.#start(user, latest);
    });
  }

  /** Returns true when `user` has one that responds and was started with what logins get now. */
  async hasFresh(user: UserEntry): Promise<boolean> {
    return this.#responds(user) && !this.#isStale(user, await loginSettingsOf(user));
  }

  /**
   * Makes sure that `user` has one that responds and was started with what logins get now: starts one like
   * `ensure`, or else with `start`, which may also do so for an account that `ensure` refuses: a locked one,
   * for example, may still log in over SSH. Returns true when `start` was called. Throws what `start` throws,
   * and UNAVAILABLE.
   */
  ensureWith(user: UserEntry, start: () => Promise<void>): Promise<boolean> {
    const { present, expectDaemon } = this.#options;
    return this.#turns.run(user.name, async () => {
      const now = await loginSettingsOf(user);
      const isFresh = present(user) !== undefined && !this.#isStale(user, now);
      if (!isFresh && !this.#isPaused(user.name)) await this.#start(user, now).catch(unlessNotEligible);
      if (this.#responds(user) && !this.#isStale(user, now)) return false;
      if (!this.isPossible) this.#logReplacement(user, present(user), now);
      using _ = expectDaemon(user.uid, now);
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
      if (!isWanted()) return;
      const user = await accountOf(bound);
      await this.#start(user, await loginSettingsOf(user));
    });
  }

  /** Starts one with `loginSettings`, which were asked for before; must be called in the user's turn. */
  async #start(user: UserEntry, loginSettings: LoginSettings): Promise<void> {
    const { present, expectDaemon, starter, settings, now, log } = this.#options;
    const chosen = starter();
    if (chosen === undefined) return;
    const before = present(user);
    this.#logReplacement(user, before, loginSettings);
    try {
      checkEligible(user, settings().eligible);
      await checkShadow(user.name, now());
      using _ = expectDaemon(user.uid, loginSettings);
      await chosen.start(user);
      const started = present(user);
      if (started === undefined || started === before)
        throw new AppError('UNAVAILABLE', 'the link daemon was started but has not registered');
    } catch (error) {
      if (isAppError(error, 'NOT_ELIGIBLE')) throw error;
      const { [REFUSAL]: why, [SUDO_REASON]: reason } = isAppError(error) ? error.details : {};
      const isLeftOut = reason === 'not-allowed';
      this.#paused.set(user.name, { untilMs: performance.now() + PAUSE_MS, why, isLeftOut });
      log.warn({ err: error, linuxUser: user.name, reason }, 'cannot start a link daemon');
    }
  }

  /** Logs why the link daemon `before` is replaced, if logins now get something else. */
  #logReplacement({ name }: UserEntry, before: Link | undefined, now: LoginSettings): void {
    const old = before?.loginSettings;
    if (old === undefined) return;
    const changed = [...differences(old.account, now.account), ...differences(old.files, now.files)];
    if (changed.length === 0) return;
    const message = 'replaces a link daemon, since a login gets other settings now';
    this.#options.log.info({ linuxUser: name, changed }, message);
  }

  #responds(user: BoundUser): boolean {
    return this.#options.present(user)?.connection !== undefined;
  }

  /**
   * Returns true when the user has one that was not started with the settings `now`. In self mode a link has
   * what the server's own user had when it was started.
   */
  #isStale(user: BoundUser, now: LoginSettings): boolean {
    const link = this.#options.present(user);
    if (link === undefined || this.#options.settings().eligible.self) return false;
    const { account, files } = link.loginSettings ?? { account: {}, files: {} };
    return differences(account, now.account).length + differences(files, now.files).length > 0;
  }

  /** Returns why the last start failed, when that was a moment ago; undefined otherwise. */
  refusalOf(linuxUser: string): Refusal | undefined {
    return this.#isPaused(linuxUser) ? this.#paused.get(linuxUser) : undefined;
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
