/**
 * A condition variable: code that finds its condition false waits, and checks again. A `notify` without a
 * waiter has no effect, so `wait` must directly follow the check, with nothing awaited between.
 */
export class Condition {
  #next: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next `notify`. */
  wait(): Promise<void> {
    this.#next ??= Promise.withResolvers();
    return this.#next.promise;
  }

  /** Wakes all waiters. */
  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }
}
