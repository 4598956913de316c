/** Lets a link put so many lines a minute into the log, and no more. */
const LINES = 10;
const PERIOD_MS = 60_000;

export class WarningLimit {
  #left = LINES;
  #since = performance.now();

  /** Whether one more line may be written. */
  take(): boolean {
    const now = performance.now();
    if (now - this.#since > PERIOD_MS) {
      this.#since = now;
      this.#left = LINES;
    }
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
