/** What ends calls from outside: one by its client, its token or its deadline, all by the shutdown. */

/** Ends one call, once. */
export class CallControl {
  readonly #onAbort: (reason: unknown) => void;
  #aborted: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  constructor(onAbort: (reason: unknown) => void) {
    this.#onAbort = onAbort;
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    this.#onAbort(reason);
    this.#controller?.abort(reason);
  }

  /** Made for who asks: most calls are over before anybody would listen, and a signal is dear. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }
}

/** The calls that a server has under way. */
export class CallsUnderWay {
  readonly #calls = new Set<CallControl>();
  #down: { readonly reason: unknown; readonly emptied: PromiseWithResolvers<void> } | undefined;

  enter(call: CallControl): void {
    this.#calls.add(call);
    if (this.#down !== undefined) call.abort(this.#down.reason);
  }

  leave(call: CallControl): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#down?.emptied.resolve();
  }

  /** Aborts all, and whatever comes later; resolves when none is left. */
  async shutDown(reason: unknown): Promise<void> {
    this.#down ??= { reason, emptied: Promise.withResolvers() };
    for (const call of [...this.#calls]) call.abort(reason);
    if (this.#calls.size > 0) await this.#down.emptied.promise;
  }
}
