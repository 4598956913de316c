/**
 * Limits how often a secret can be guessed, whatever the pace, the method and the number of places. All names
 * are treated alike, whether an account has them or not.
 *
 * - One user from one place: after the third failure without a success between them the next attempt must
 *   wait for 30 s, and for twice as long after each further one, up to 15 min. A streak is forgotten after a
 *   day without a failure. Even with successes between them: 100 failures, and 100 more within a day.
 * - One user from all places: 400, and 400 more within a day.
 * - One place, whoever the user: 200, and 200 more within a day.
 *
 * Nobody can lock a person out: from a place where that person has logged in before, a reserve is left
 * (known-places.ts), within 1,000 failures of one user in a day. Failures with other names, however many,
 * cost that person nothing there (debts.ts).
 *
 * An attempt counts while it is under way, so that attempts at the same time gain nothing. What was counted
 * survives a restart.
 */
import { Condition } from '../../async/condition.ts';
import { AppError } from '../../errors.ts';
import { Debts } from './debts.ts';
import { KnownPlaces } from './known-places.ts';
import type { LoginKey } from './login-key.ts';
import { ThrottleRows, type ThrottleRowsOptions } from './throttle-rows.ts';
import { UnderWay } from './under-way.ts';

/** The store, the log, and the clocks; performance.now() and Date.now() by default. */
export type ThrottleOptions = Omit<ThrottleRowsOptions, 'nowMs' | 'wallMs'> &
  Partial<Pick<ThrottleRowsOptions, 'nowMs' | 'wallMs'>>;

/** One attempt. Disposed of without a result, it costs nothing. */
export interface ThrottledAttempt extends Disposable {
  /** Counts a wrong secret at once; resolves when that is stored, or the failure to store it is logged. */
  refused(): Promise<void>;
  /** Ends the streak of failures and remembers the place; resolves like `refused`. */
  accepted(): Promise<void>;
}

/** The keys of one attempt in the three tables. */
interface Keys {
  readonly pair: string;
  readonly user: string;
  readonly place: string;
}

const FREE_FAILURES = 3;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 900_000;
const PAIR_PER_DAY = 100;
const USER_PER_DAY = 400;
/** Failures of one user at once, those from known places included. */
const USER_WITH_RESERVE = 600;
const PLACE_PER_DAY = 200;
/** Longest time for which an attempt waits for others of the same user and place. */
const QUEUE_MS = 10_000;
/** Login or source that stands for all. */
const ANY = '';

export class Throttle {
  readonly #pairs = new Debts(PAIR_PER_DAY);
  readonly #users = new Debts(USER_PER_DAY);
  readonly #places = new Debts(PLACE_PER_DAY);
  readonly #underWay = new UnderWay();
  readonly #ended = new Condition();
  readonly #known: KnownPlaces;
  readonly #rows: ThrottleRows;
  readonly #nowMs: () => number;
  readonly #wallMs: () => number;

  private constructor(
    { nowMs, wallMs }: Pick<ThrottleRowsOptions, 'nowMs' | 'wallMs'>,
    rows: ThrottleRows,
    known: KnownPlaces,
  ) {
    this.#rows = rows;
    this.#known = known;
    this.#nowMs = nowMs;
    this.#wallMs = wallMs;
  }

  /** Opens the throttle with what is stored. Throws STORE_UNAVAILABLE. */
  static async open(options: ThrottleOptions): Promise<Throttle> {
    const clocks = { nowMs: () => performance.now(), wallMs: Date.now, ...options };
    const rows = new ThrottleRows(clocks);
    const places = await rows.knownPlaces();
    const throttle = new Throttle(clocks, rows, new KnownPlaces(places));
    for (const place of places) throttle.#protect(place);
    for (const { debt, ...key } of await rows.debts())
      throttle.#tableOf(key).set(textOf(key.login, key.source), debt);
    return throttle;
  }

  /** Throws LIMIT_EXCEEDED when an attempt would be refused now. */
  check(key: LoginKey): void {
    this.#admit(key);
  }

  /**
   * Begins an attempt, before a secret is looked at. Waits while as many attempts of the user from the place
   * are under way as may fail before the next wait. Throws LIMIT_EXCEEDED, and the signal's reason.
   */
  async enter(key: LoginKey, signal: AbortSignal): Promise<ThrottledAttempt> {
    signal.throwIfAborted();
    const { promise: failed, reject } = Promise.withResolvers<never>();
    failed.catch(() => {});
    const timer = setTimeout(() => reject(exceeded('too many logins of this user at once', 1_000)), QUEUE_MS);
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const usesReserve = this.#admit(key);
        if (this.#isFree(key)) return this.#begin(key, usesReserve);
        await Promise.race([this.#ended.wait(), failed]);
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Returns whether the attempt uses the reserve of a known place. Throws LIMIT_EXCEEDED. */
  #admit(key: LoginKey): boolean {
    const { pair, user, place } = keysOf(key);
    const { streak, lastMs } = this.#pairs.get(pair, this.#nowMs());
    const streakMs = lastMs + waitAfter(streak) - this.#nowMs();
    const pairMs = Math.max(streakMs, this.#overForMs(this.#pairs, pair, PAIR_PER_DAY));
    if (pairMs > 0) throw exceeded('too many failed logins', pairMs);
    const userMs = this.#overForMs(this.#users, user, USER_PER_DAY);
    const placeMs = this.#overForMs(this.#places, place, PLACE_PER_DAY);
    if (userMs <= 0 && placeMs <= 0) return false;
    const hasReserve =
      this.#overForMs(this.#users, user, USER_WITH_RESERVE) <= 0 &&
      this.#known.allows(key, this.#underWay.of(pair), this.#wallMs());
    if (hasReserve) return true;
    if (userMs <= 0) throw exceeded('too many failed logins from your address', placeMs);
    throw exceeded('too many failed logins of this user, from many addresses', userMs, ELSEWHERE);
  }

  /** Milliseconds until one more failure fits into the budget of `limit`; at most 0 if it does now. */
  #overForMs(debts: Debts, key: string, limit: number): number {
    return (debts.used(key, this.#nowMs()) + this.#underWay.of(key) - (limit - 1)) * debts.intervalMs;
  }

  #isFree(key: LoginKey): boolean {
    const { pair } = keysOf(key);
    const { streak } = this.#pairs.get(pair, this.#nowMs());
    return this.#underWay.of(pair) < Math.max(1, FREE_FAILURES - streak);
  }

  #begin(key: LoginKey, usesReserve: boolean): ThrottledAttempt {
    const { pair, user, place } = keysOf(key);
    const underWay = this.#underWay.begin([pair, user, place]);
    const end = (): void => {
      underWay[Symbol.dispose]();
      this.#ended.notify();
    };
    return {
      refused: () => {
        const saved = this.#failed(key, usesReserve);
        end();
        return saved;
      },
      accepted: () => {
        const saved = this.#succeeded(key);
        end();
        return saved;
      },
      [Symbol.dispose]: end,
    };
  }

  #failed(key: LoginKey, usesReserve: boolean): Promise<void> {
    const { login, source } = key;
    const changed = [key, { login, source: ANY }, { login: ANY, source }];
    const nowMs = this.#nowMs();
    const droppedDebts = changed.flatMap((one) => {
      const dropped = this.#tableOf(one).add(textOf(one.login, one.source), nowMs);
      return dropped === undefined ? [] : [keyOf(dropped)];
    });
    const place = usesReserve ? this.#known.failed(key, this.#wallMs()) : undefined;
    return this.#rows.save({ debts: changed.map((one) => this.#stored(one)), droppedDebts, place });
  }

  #succeeded(key: LoginKey): Promise<void> {
    const { pair } = keysOf(key);
    const hasFailed = this.#pairs.get(pair, this.#nowMs()).streak > 0;
    this.#pairs.endStreak(pair);
    const { row, dropped } = this.#known.succeeded(key, this.#wallMs());
    this.#protect(key);
    const replaced = dropped && this.#pairs.unprotect(keysOf(dropped).pair, this.#nowMs());
    const debts = hasFailed ? [this.#stored(key)] : [];
    const droppedDebts = replaced === undefined ? [] : [keyOf(replaced)];
    return this.#rows.save({ debts, droppedDebts, place: row, droppedPlace: dropped });
  }

  /** Keeps what is counted for a person at a known place apart from what strangers can fill. */
  #protect(key: LoginKey): void {
    const { pair, user } = keysOf(key);
    this.#pairs.protect(pair);
    this.#users.protect(user);
  }

  #stored(key: LoginKey) {
    return { ...key, debt: this.#tableOf(key).get(textOf(key.login, key.source), this.#nowMs()) };
  }

  #tableOf({ login, source }: LoginKey): Debts {
    if (login === ANY) return this.#places;
    return source === ANY ? this.#users : this.#pairs;
  }
}

const ELSEWHERE = ', or log in from where you have logged in before';

/** Returns how long the attempt after `streak` failures must wait, in milliseconds. */
function waitAfter(streak: number): number {
  return streak < FREE_FAILURES
    ? 0
    : Math.min(FIRST_WAIT_MS * 2 ** (streak - FREE_FAILURES), LONGEST_WAIT_MS);
}

function keysOf({ login, source }: LoginKey): Keys {
  return { pair: textOf(login, source), user: textOf(login, ANY), place: textOf(ANY, source) };
}

function textOf(login: string, source: string): string {
  return JSON.stringify([login, source]);
}

function keyOf(text: string): LoginKey {
  const [login = '', source = ''] = JSON.parse(text) as string[];
  return { login, source };
}

function exceeded(what: string, waitMs: number, otherwise = ''): AppError {
  const seconds = String(Math.ceil(waitMs / 1000));
  return new AppError('LIMIT_EXCEEDED', `${what}; try again in ${seconds} s${otherwise}`, {
    details: { retryAfterSeconds: seconds },
  });
}
