/** Ends calls from outside: one call by its client, its token or its deadline; all calls by a shutdown. */

/** Aborts one call, at most once. */
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

  /** Created on demand: most calls are over before anyone listens, and an AbortSignal is expensive. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }
}

/** All calls under way in this server. */
export class CallsUnderWay {
  readonly #calls = new Set<CallControl>();
  #shutdown: { readonly reason: unknown; readonly emptied: PromiseWithResolvers<void> } | undefined;

  enter(call: CallControl): void {
    this.#calls.add(call);
    if (this.#shutdown !== undefined) call.abort(this.#shutdown.reason);
  }

  leave(call: CallControl): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#shutdown?.emptied.resolve();
  }

  /** Aborts all calls, and any that begins later. Resolves when none is left. */
  async shutDown(reason: unknown): Promise<void> {
    this.#shutdown ??= { reason, emptied: Promise.withResolvers() };
    for (const call of [...this.#calls]) call.abort(reason);
    if (this.#calls.size > 0) await this.#shutdown.emptied.promise;
  }
}
