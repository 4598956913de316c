/** Lets a link put so many lines a minute into the log, and no more. */
import { FixedWindow } from '../../limits/fixed-window.ts';

const LINES = 10;
const PERIOD_MS = 60_000;

export class WarningLimit {
  readonly #lines = new FixedWindow(PERIOD_MS);

  /** Whether one more line may be written. */
  take(): boolean {
    return this.#lines.count() <= LINES;
  }
}
