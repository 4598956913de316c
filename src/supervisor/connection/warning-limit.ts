/** Limits the lines that one link can put into the log: ten a minute. */
import { FixedWindow } from '../../limits/fixed-window.ts';

const MAX_LINES = 10;
const PERIOD_MS = 60_000;

export class WarningLimit {
  readonly #lines = new FixedWindow(PERIOD_MS);

  /** Returns true when one more line may be logged. */
  take(): boolean {
    return this.#lines.count() <= MAX_LINES;
  }
}
