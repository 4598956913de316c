/**
 * A bound on how often each key may do something within any period of a length. Keeps the time of each event
 * that still counts, and nothing of a key without one.
 */
export class SlidingWindow<Key> {
  readonly #limit: number;
  readonly #lengthMs: number;
  /** When each event was, the oldest first. */
  readonly #events = new Map<Key, readonly number[]>();

  constructor(limit: number, lengthMs: number) {
    this.#limit = limit;
    this.#lengthMs = lengthMs;
  }

  /** Counts an event of `key`; false, and does not count it, when there have been as many as there may be. */
  take(key: Key, nowMs: number): boolean {
    this.#forget(nowMs - this.#lengthMs);
    const recent = this.#events.get(key) ?? [];
    if (recent.length >= this.#limit) return false;
    this.#events.set(key, [...recent, nowMs]);
    return true;
  }

  #forget(untilMs: number): void {
    for (const [key, events] of this.#events) {
      const recent = events.filter((ms) => ms > untilMs);
      if (recent.length > 0) this.#events.set(key, recent);
      else this.#events.delete(key);
    }
  }

  /** How many keys have an event that still counted when it was last looked at. */
  get size(): number {
    return this.#events.size;
  }
}
