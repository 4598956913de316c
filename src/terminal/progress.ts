/**
 * Shows on a terminal what a command waits for, in one line, once that takes longer than a second. Erases the
 * line when the wait ends and before anything else is printed. Without a terminal it shows nothing.
 */
import { truncate } from './display-width.ts';

/** The terminal that the line is drawn on: standard error. */
export interface ProgressSurface {
  write(text: string): unknown;
  readonly columns?: number;
}

const INTERVAL_MS = 1000;
const ERASE = '\r\x1b[K';

export class Progress {
  readonly #surface: ProgressSurface | undefined;
  /** The nested waits; only the innermost is shown. */
  readonly #waiting: symbol[] = [];
  #isShown = false;

  /** `surface` is undefined when nothing is to be shown. */
  constructor(surface: ProgressSurface | undefined) {
    this.#surface = surface;
  }

  /** Returns the result of `work`. Meanwhile shows `text`, which must be inert, and the seconds so far. */
  async while<Result>(text: () => string, work: Promise<Result>): Promise<Result> {
    if (this.#surface === undefined) return work;
    const self = Symbol();
    this.#waiting.push(self);
    let seconds = 0;
    const timer = setInterval(() => {
      seconds += 1;
      if (this.#waiting.at(-1) === self) this.#show(`${text()} … ${seconds} s`);
    }, INTERVAL_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      this.#waiting.splice(this.#waiting.indexOf(self), 1);
      this.erase();
    }
  }

  /** Erases the line, before something else is printed. */
  erase(): void {
    if (this.#isShown) this.#surface?.write(ERASE);
    this.#isShown = false;
  }

  #show(line: string): void {
    const width = (this.#surface?.columns || 80) - 1; // a text in the last column would wrap
    this.#surface?.write(ERASE + truncate(line, width));
    this.#isShown = true;
  }
}
