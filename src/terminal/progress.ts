/**
 * One line on a terminal about what is being waited for, once that takes longer than a second; erased
 * when it is over and before anything else is said. Where there is no terminal, nothing.
 */
import { truncate } from './display-width.ts';

/** Where the line is drawn: standard error as a terminal. */
export interface ProgressSurface {
  write(text: string): unknown;
  readonly columns?: number;
}

const PATIENCE_MS = 1000;
const ERASE = '\r\x1b[K';

export class Progress {
  readonly #surface: ProgressSurface | undefined;
  /** What is being waited for, within one another; the innermost is shown. */
  readonly #waiting: symbol[] = [];
  #isShown = false;

  /** `surface` is undefined where nothing is to be shown. */
  constructor(surface: ProgressSurface | undefined) {
    this.#surface = surface;
  }

  /** What `work` gives; `text`, already inert, says meanwhile what it is about, and for how long by now. */
  async while<Result>(text: () => string, work: Promise<Result>): Promise<Result> {
    if (this.#surface === undefined) return work;
    const self = Symbol();
    this.#waiting.push(self);
    let seconds = 0;
    const timer = setInterval(() => {
      seconds += 1;
      if (this.#waiting.at(-1) === self) this.#show(`${text()} … ${seconds} s`);
    }, PATIENCE_MS);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      this.#waiting.splice(this.#waiting.indexOf(self), 1);
      this.erase();
    }
  }

  /** Makes room for what is said next. */
  erase(): void {
    if (this.#isShown) this.#surface?.write(ERASE);
    this.#isShown = false;
  }

  #show(line: string): void {
    const width = (this.#surface?.columns || 80) - 1; // the last column would break the line
    this.#surface?.write(ERASE + truncate(line, width));
    this.#isShown = true;
  }
}
