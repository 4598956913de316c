/**
 * Limits how many jobs run at once. Others wait in the order of the calls; limits/slots.ts refuses them
 * instead.
 */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  /** Lets at most `limit` jobs run at once. */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * Runs `work` once there is room. Throws what `work` throws, and the reason of `signal` when it aborts
   * before.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  async #take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      if (this.#waiting.delete(resolve)) reject(signal?.reason);
    };
    this.#waiting.add(resolve);
    signal?.addEventListener('abort', leave, { once: true });
    await promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  /** Gives the place to the job that has waited longest. */
  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
