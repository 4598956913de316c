/**
 * A condition variable: who finds that something is not so yet waits, and looks again. A `notify` that nobody
 * waits for is not kept, so each look is followed by `wait` at once, with nothing awaited between.
 */
export class Condition {
  #next: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next `notify`. */
  wait(): Promise<void> {
    this.#next ??= Promise.withResolvers();
    return this.#next.promise;
  }

  /** Wakes all who wait. */
  notify(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }
}
