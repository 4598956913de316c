/**
 * Limits how often each key may do something within any period of a fixed length. Stores the time of each
 * event in that period, and nothing for a key without events.
 */
export class SlidingWindow<Key> {
  readonly #limit: number;
  readonly #lengthMs: number;
  /** Times of the events of each key, oldest first. */
  readonly #events = new Map<Key, readonly number[]>();

  constructor(limit: number, lengthMs: number) {
    this.#limit = limit;
    this.#lengthMs = lengthMs;
  }

  /** Counts an event of `key`. Returns false, without counting it, when the limit has been reached. */
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

  /** Number of keys with events in the period, as of the last call. */
  get size(): number {
    return this.#events.size;
  }
}
