/** Counts events in windows of a fixed length: at the end of one, the count begins anew with the next event. */
export class FixedWindow {
  readonly #lengthMs: number;
  #sinceMs: number;
  #count = 0;

  /** The first window begins at `nowMs`, by a clock that nobody sets. */
  constructor(lengthMs: number, nowMs = performance.now()) {
    this.#lengthMs = lengthMs;
    this.#sinceMs = nowMs;
  }

  /** Counts an event; how many there have been in this window, with this one. */
  count(nowMs = performance.now()): number {
    if (nowMs - this.#sinceMs > this.#lengthMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count;
  }
}
