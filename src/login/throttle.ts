/**
 * What failed logins cost. (User, source) pairs pay in full: 5 s a failure, refused as soon as 15 s have
 * come together, 600 s at most, as sshd's own PerSourcePenalties (sshd_config(5)). A user under attack
 * from everywhere is merely slowed, by 3 s at most, so that nobody can lock another out. Tables are bounded;
 * the oldest entries make room. What is owed survives a restart.
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
const MOST_MS = 600_000;
const SLOWED_MS = 200;
const MOST_SLOWED_MS = 3_000;
const MOST_ENTRIES = 10_000;
/** Stands for all sources of a user. */
const ANYWHERE = '';

/** What of it is the store's and the clock's. */
export interface ThrottleOptions {
  readonly store: Pick<Store, 'read' | 'commit'>;
  /** Must not jump; performance.now(). */
  readonly nowMs?: () => number;
  /** Milliseconds since 1970: what is kept has to mean something after a restart. */
  readonly wallMs?: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

interface Debtor {
  readonly login: string;
  readonly source: string;
}

/** Debts that run off with time; the youngest last. */
class Debts {
  readonly #debts = new Map<string, Debtor & { readonly untilMs: number }>();

  owed(debtor: Debtor, nowMs: number): number {
    return Math.max(0, (this.#debts.get(keyOf(debtor))?.untilMs ?? 0) - nowMs);
  }

  /** Gives back whose debt had to make room. */
  set(debtor: Debtor, untilMs: number): Debtor | undefined {
    const key = keyOf(debtor);
    this.#debts.delete(key);
    this.#debts.set(key, { ...debtor, untilMs });
    const [oldest] = this.#debts;
    if (this.#debts.size <= MOST_ENTRIES || oldest === undefined) return undefined;
    this.#debts.delete(oldest[0]);
    return oldest[1];
  }
}

export class Throttle {
  readonly #pairs = new Debts();
  readonly #users = new Debts();
  readonly #options: ThrottleOptions;
  readonly #nowMs: () => number;
  readonly #wallMs: () => number;

  private constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#wallMs = options.wallMs ?? Date.now;
  }

  /** With what was still owed when the daemon stopped; never more than could be, whatever the clock says. */
  static async open(options: ThrottleOptions): Promise<Throttle> {
    const throttle = new Throttle(options);
    const nowMs = throttle.#nowMs();
    const wallMs = throttle.#wallMs();
    for (const { login, source, until } of await options.store.read(allPenalties)) {
      const owedMs = Math.min(Number(until) - wallMs, MOST_MS + FAILURE_MS);
      if (owedMs > 0) throttle.#debtsOf(source).set({ login, source }, nowMs + owedMs);
    }
    return throttle;
  }

  /**
   * How long a try of `login` from `source` is refused, in milliseconds; 0 when it may go on. The
   * conversation's `own` failures do not count: they are limited by number.
   */
  refusedForMs(login: string, source: string, own = 0): number {
    const owed = this.#pairs.owed({ login, source }, this.#nowMs()) - own * FAILURE_MS;
    return owed > ENFORCED_MS - FAILURE_MS ? owed : 0;
  }

  /** How long a try of `login` from anywhere waits first, in milliseconds. */
  slowedMs(login: string): number {
    const failures = this.#users.owed({ login, source: ANYWHERE }, this.#nowMs()) / FAILURE_MS;
    return Math.min(Math.ceil(failures) * SLOWED_MS, MOST_SLOWED_MS);
  }

  /** Counts at once; resolves when it is on the disk too, or the log says that it is not. */
  async failed(login: string, source: string): Promise<void> {
    const { store, log } = this.#options;
    const wallMs = this.#wallMs();
    const debtors = [
      { login, source },
      { login, source: ANYWHERE },
    ];
    const changes = debtors.map((debtor) => this.#add(debtor));
    const kept = store.commit(async (tx) => {
      for (const { debtor, owedMs } of changes)
        await upsertPenalty(tx, { ...debtor, until: wallMs + owedMs });
      for (const { gone } of changes) if (gone !== undefined) await deletePenalty(tx, gone);
      await deletePenaltiesUntil(tx, wallMs);
    });
    await kept.catch((error: unknown) =>
      log.warn({ err: error }, 'a penalty is known until the next start only'),
    );
  }

  #add(debtor: Debtor): { debtor: Debtor; owedMs: number; gone: Debtor | undefined } {
    const debts = this.#debtsOf(debtor.source);
    const nowMs = this.#nowMs();
    const owedMs = Math.min(debts.owed(debtor, nowMs) + FAILURE_MS, MOST_MS);
    return { debtor, owedMs, gone: debts.set(debtor, nowMs + owedMs) };
  }

  #debtsOf(source: string): Debts {
    return source === ANYWHERE ? this.#users : this.#pairs;
  }
}

function keyOf({ login, source }: Debtor): string {
  return JSON.stringify([login, source]);
}
