/**
 * Looks again and again, in the background, and never twice at once: while a look goes on, the ones that are due
 * meanwhile are left out. Does not keep the process alive.
 */
export class Poller implements Disposable {
  readonly #look: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  /** The first look comes after `everyMs`. `look` throws nothing. */
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

  /** A look that goes on is not waited for. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
