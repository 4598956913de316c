/**
 * Counts failed logins by key, in bounded memory. A failure takes one unit of the key's daily budget, which
 * is restored evenly over the day (the generic cell rate algorithm, ITU-T I.371): within any time t at most
 * `limit + t / interval` failures fit into a budget of `limit`.
 *
 * When the table is full, a new key replaces the one that owes least and takes over what that one owed of its
 * budget (the Space-Saving algorithm of Metwally, Agrawal and El Abbadi, 2005). So a key never owes less than
 * it should, and filling the table with other keys cancels nothing. The streak is never taken over. Protected
 * keys are outside this table: they are never replaced, and take over nothing.
 */

export const DAY_MS = 86_400_000;
const MAX_ENTRIES = 10_000;

export interface Debt {
  /** Failures since the last success, of the last day. */
  readonly streak: number;
  readonly lastMs: number;
  /** When the whole budget is available again. */
  readonly emptyMs: number;
}

const NONE: Debt = { streak: 0, lastMs: Number.NEGATIVE_INFINITY, emptyMs: Number.NEGATIVE_INFINITY };

export class Debts<Key extends string = string> {
  readonly #entries = new Map<Key, Debt>();
  readonly #protected = new Map<Key, Debt>();
  readonly #maxEntries: number;
  /** Time in which one unit of the budget is restored, in milliseconds. */
  readonly intervalMs: number;

  constructor(perDay: number, maxEntries = MAX_ENTRIES) {
    this.intervalMs = DAY_MS / perDay;
    this.#maxEntries = maxEntries;
  }

  /** Returns what `key` owes at `nowMs`. */
  get(key: Key, nowMs: number): Debt {
    const debt = this.#tableOf(key).get(key);
    return debt === undefined || countsUntil(debt) <= nowMs ? NONE : debt;
  }

  /** Returns how much of the budget is used up, in failures. */
  used(key: Key, nowMs: number): number {
    return Math.max(0, (this.get(key, nowMs).emptyMs - nowMs) / this.intervalMs);
  }

  /** Counts a failure. Returns the key that was dropped to make room, if any. */
  add(key: Key, nowMs: number): Key | undefined {
    const dropped = this.#tableOf(key).has(key) ? undefined : this.#least(nowMs);
    const { streak } = this.get(key, nowMs);
    const { emptyMs } = this.get(dropped ?? key, nowMs);
    if (dropped !== undefined) this.#entries.delete(dropped);
    this.set(key, {
      streak: streak + 1,
      lastMs: nowMs,
      emptyMs: Math.max(emptyMs, nowMs) + this.intervalMs,
    });
    return dropped;
  }

  /** Ends the streak of failures; what they took of the budget stays taken. */
  endStreak(key: Key): void {
    const debt = this.#tableOf(key).get(key);
    if (debt !== undefined) this.set(key, { ...debt, streak: 0 });
  }

  set(key: Key, debt: Debt): void {
    const table = this.#tableOf(key);
    table.delete(key); // the order is that of the last change
    table.set(key, debt);
  }

  /** From now on `key` is never dropped, and owes what it has failed itself. */
  protect(key: Key): void {
    if (this.#protected.has(key)) return;
    this.#protected.set(key, this.#entries.get(key) ?? NONE);
    this.#entries.delete(key);
  }

  /** Ends the protection of `key`, which owes what it did. Returns the key that was dropped, if any. */
  unprotect(key: Key, nowMs: number): Key | undefined {
    const debt = this.get(key, nowMs);
    if (!this.#protected.delete(key) || debt === NONE) return undefined;
    this.set(key, debt);
    const dropped = this.#entries.size > this.#maxEntries ? this.#least(nowMs) : undefined;
    if (dropped !== undefined) this.#entries.delete(dropped);
    return dropped;
  }

  #tableOf(key: Key): Map<Key, Debt> {
    return this.#protected.has(key) ? this.#protected : this.#entries;
  }

  /** When the table is full, returns the key that owes least, of equal ones the longest unchanged. */
  #least(nowMs: number): Key | undefined {
    if (this.#entries.size < this.#maxEntries) return undefined;
    let least: { key: Key; debt: Debt } | undefined;
    for (const key of this.#entries.keys()) {
      const debt = this.get(key, nowMs);
      if (least === undefined || owesLess(debt, least.debt, nowMs)) least = { key, debt };
    }
    return least?.key;
  }
}

/** Time from which `debt` no longer counts. */
export function countsUntil({ lastMs, emptyMs }: Debt): number {
  return Math.max(lastMs + DAY_MS, emptyMs);
}

function owesLess(one: Debt, other: Debt, nowMs: number): boolean {
  const lessMs = Math.max(other.emptyMs, nowMs) - Math.max(one.emptyMs, nowMs);
  return lessMs === 0 ? one.streak < other.streak : lessMs > 0;
}
