/**
 * Counts events in windows of a fixed length; after the end of a window, the next event starts a new one.
 */
export class FixedWindow {
  readonly #lengthMs: number;
  #sinceMs: number;
  #count = 0;

  /** The first window begins at `nowMs`, the time of a monotonic clock in milliseconds. */
  constructor(lengthMs: number, nowMs = performance.now()) {
    this.#lengthMs = lengthMs;
    this.#sinceMs = nowMs;
  }

  /** Counts an event; returns the number of events in this window. */
  count(nowMs = performance.now()): number {
    if (nowMs - this.#sinceMs > this.#lengthMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count;
  }
}
