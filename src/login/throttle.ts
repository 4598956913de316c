/**
 * What failed logins cost. (User, source) pairs pay in full: 5 s a failure, refused as soon as 15 s have
 * come together, 600 s at most, as sshd's own PerSourcePenalties (sshd_config(5)). A user under attack
 * from everywhere is merely slowed, by 3 s at most, so that nobody can lock another out. Tables are bounded;
 * the oldest entries make room.
 */

const FAILURE_MS = 5_000;
const ENFORCED_MS = 15_000;
const MOST_MS = 600_000;
const SLOWED_MS = 200;
const MOST_SLOWED_MS = 3_000;
const MOST_ENTRIES = 10_000;

/** Debts that run off with time; the youngest last. */
class Debts {
  readonly #untilMs = new Map<string, number>();

  owed(key: string, nowMs: number): number {
    return Math.max(0, (this.#untilMs.get(key) ?? 0) - nowMs);
  }

  add(key: string, nowMs: number): void {
    const untilMs = nowMs + Math.min(this.owed(key, nowMs) + FAILURE_MS, MOST_MS);
    this.#untilMs.delete(key);
    this.#untilMs.set(key, untilMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > MOST_ENTRIES && oldest !== undefined) this.#untilMs.delete(oldest);
  }
}

export class Throttle {
  readonly #pairs = new Debts();
  readonly #users = new Debts();
  readonly #nowMs: () => number;

  /** `nowMs` must not jump, as performance.now(). */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * How long a try of `user` from `source` is refused, in milliseconds; 0 when it may go on. The
   * conversation's `own` failures do not count: they are limited by number.
   */
  refusedForMs(user: string, source: string, own = 0): number {
    const owed = this.#pairs.owed(pair(user, source), this.#nowMs()) - own * FAILURE_MS;
    return owed > ENFORCED_MS - FAILURE_MS ? owed : 0;
  }

  /** How long a try of `user` from anywhere waits first, in milliseconds. */
  slowedMs(user: string): number {
    const failures = this.#users.owed(user, this.#nowMs()) / FAILURE_MS;
    return Math.min(Math.ceil(failures) * SLOWED_MS, MOST_SLOWED_MS);
  }

  failed(user: string, source: string): void {
    const nowMs = this.#nowMs();
    this.#pairs.add(pair(user, source), nowMs);
    this.#users.add(user, nowMs);
  }
}

function pair(user: string, source: string): string {
  return JSON.stringify([user, source]);
}
