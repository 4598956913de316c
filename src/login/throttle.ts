/**
 * Penalties for failed logins. A (user, source) pair pays in full: 5 s for each failure, enforced from 15
 * s on, at most 600 s, like sshd's PerSourcePenalties (sshd_config(5)). A user attacked from everywhere
 * is only slowed down, by at most 3 s, so that nobody can lock out another. The tables are bounded; the
 * oldest entries are dropped. Penalties survive a restart.
 */
import type { Store } from '../store/open.ts';
import {
  allPenalties,
  deletePenaltiesUntil,
  deletePenalty,
  upsertPenalty,
} from '../store/tables/penalties.ts';

const FAILURE_MS = 5_000;
const ENFORCED_MS = 15_000;
const MAX_MS = 600_000;
const SLOWED_MS = 200;
const MAX_SLOWED_MS = 3_000;
const MAX_ENTRIES = 10_000;
/** Source that stands for all sources of a user. */
const ANYWHERE = '';

/** The store, the clocks and the log. */
export interface ThrottleOptions {
  readonly store: Pick<Store, 'read' | 'commit'>;
  /** Monotonic clock in milliseconds; performance.now() by default. */
  readonly nowMs?: () => number;
  /** Milliseconds since 1970, for penalties that are stored across restarts. */
  readonly wallMs?: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

interface PenaltyKey {
  readonly login: string;
  readonly source: string;
}

/** Penalties that decrease with time, in order of their last change. */
class Penalties {
  readonly #penalties = new Map<string, PenaltyKey & { readonly untilMs: number }>();

  remaining(key: PenaltyKey, nowMs: number): number {
    return Math.max(0, (this.#penalties.get(keyOf(key))?.untilMs ?? 0) - nowMs);
  }

  /** Sets a penalty; returns the one that was dropped to make room. */
  set(key: PenaltyKey, untilMs: number): PenaltyKey | undefined {
    const text = keyOf(key);
    this.#penalties.delete(text);
    this.#penalties.set(text, { ...key, untilMs });
    const [oldest] = this.#penalties;
    if (this.#penalties.size <= MAX_ENTRIES || oldest === undefined) return undefined;
    this.#penalties.delete(oldest[0]);
    return oldest[1];
  }
}

export class Throttle {
  readonly #pairs = new Penalties();
  readonly #users = new Penalties();
  readonly #options: ThrottleOptions;
  readonly #nowMs: () => number;
  readonly #wallMs: () => number;

  private constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#wallMs = options.wallMs ?? Date.now;
  }

  /**
   * Opens the throttle with the penalties that are stored. None exceeds the maximum, whatever the clock
   * says.
   */
  static async open(options: ThrottleOptions): Promise<Throttle> {
    const throttle = new Throttle(options);
    const nowMs = throttle.#nowMs();
    const wallMs = throttle.#wallMs();
    for (const { login, source, until } of await options.store.read(allPenalties)) {
      const remainingMs = Math.min(Number(until) - wallMs, MAX_MS + FAILURE_MS);
      if (remainingMs > 0) throttle.#penaltiesOf(source).set({ login, source }, nowMs + remainingMs);
    }
    return throttle;
  }

  /**
   * Returns how long attempts of `login` from `source` are refused, in milliseconds; 0 when they are not.
   * The conversation's `own` failures do not count, because their number is limited.
   */
  refusedForMs(login: string, source: string, own = 0): number {
    const remaining = this.#pairs.remaining({ login, source }, this.#nowMs()) - own * FAILURE_MS;
    return remaining > ENFORCED_MS - FAILURE_MS ? remaining : 0;
  }

  /** Returns the delay before each attempt of `login` from anywhere, in milliseconds. */
  slowedMs(login: string): number {
    const failures = this.#users.remaining({ login, source: ANYWHERE }, this.#nowMs()) / FAILURE_MS;
    return Math.min(Math.ceil(failures) * SLOWED_MS, MAX_SLOWED_MS);
  }

  /** Adds a penalty at once; resolves when it is stored, or the failure to store it is logged. */
  async failed(login: string, source: string): Promise<void> {
    const { store, log } = this.#options;
    const wallMs = this.#wallMs();
    const keys = [
      { login, source },
      { login, source: ANYWHERE },
    ];
    const changes = keys.map((key) => this.#add(key));
    const kept = store.commit(async (tx) => {
      for (const { key, remainingMs } of changes)
        await upsertPenalty(tx, { ...key, until: wallMs + remainingMs });
      for (const { dropped } of changes) if (dropped !== undefined) await deletePenalty(tx, dropped);
      await deletePenaltiesUntil(tx, wallMs);
    });
    await kept.catch((error: unknown) =>
      log.warn({ err: error }, 'a penalty could not be stored and ends with this process'),
    );
  }

  #add(key: PenaltyKey): { key: PenaltyKey; remainingMs: number; dropped: PenaltyKey | undefined } {
    const penalties = this.#penaltiesOf(key.source);
    const nowMs = this.#nowMs();
    const remainingMs = Math.min(penalties.remaining(key, nowMs) + FAILURE_MS, MAX_MS);
    return { key, remainingMs, dropped: penalties.set(key, nowMs + remainingMs) };
  }

  #penaltiesOf(source: string): Penalties {
    return source === ANYWHERE ? this.#users : this.#pairs;
  }
}

function keyOf({ login, source }: PenaltyKey): string {
  return JSON.stringify([login, source]);
}
