/**
 * Calls a function at intervals in the background, and never twice at once: a call that is due during
 * another one is skipped. Does not keep the process alive.
 */
export class Poller implements Disposable {
  readonly #look: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  /** The first call is after `everyMs`. `look` must not throw. */
  constructor(look: () => Promise<void>, everyMs: number) {
    this.#look = look;
    this.#timer = setInterval(() => void this.#poll(), everyMs).unref();
  }

  async #poll(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await this.#look();
    this.#isLooking = false;
  }

  /** Stops; does not wait for a call in progress. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
