/**
 * Calls a function at intervals in the background, and never twice at once: a call that is due during
 * another one is skipped. Does not keep the process alive.
 */
export class Poller implements Disposable {
  readonly #poll: () => Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #isBusy = false;

  /** The first call is after `everyMs`. `poll` must not throw. */
  constructor(poll: () => Promise<void>, everyMs: number) {
    this.#poll = poll;
    this.#timer = setInterval(() => void this.#callUnlessBusy(), everyMs).unref();
  }

  async #callUnlessBusy(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await this.#poll();
    this.#isBusy = false;
  }

  /** Stops; does not wait for a call in progress. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
