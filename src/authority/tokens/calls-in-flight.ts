/**
 * The calls in flight of each token. They are aborted when their token is revoked, and exactly when it
 * expires. `end` waits until the calls have left, so that nothing runs in the token's name afterwards.
 */
import type { AppError } from '../../errors.ts';
import { tokenExpired } from '../../token/claims.ts';

/** A call in flight; `leave` must be called when it has ended, for any reason. */
export interface Call {
  leave(): void;
}

interface Entry {
  readonly untilMs: number;
  abort(error: AppError): void;
  onLeft: (() => void) | undefined;
}

const MAX_WAIT_MS = 5000;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export class CallsInFlight {
  readonly #now: () => number;
  readonly #maxWaitMs: number;
  readonly #byToken = new Map<string, Set<Entry & Call>>();
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(now: () => number, maxWaitMs = MAX_WAIT_MS) {
    this.#now = now;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Number of tokens with calls in flight. */
  get tokens(): number {
    return this.#byToken.size;
  }

  /** Registers a call. `abort` is called at most once, and never after `leave`. */
  enter(jti: string, untilMs: number, abort: (error: AppError) => void): Call {
    const calls = this.#byToken.get(jti) ?? new Set();
    this.#byToken.set(jti, calls);
    const leave = (): void => {
      calls.delete(call);
      if (calls.size === 0 && this.#byToken.get(jti) === calls) this.#byToken.delete(jti);
      call.onLeft?.();
    };
    const call: Entry & Call = { untilMs, abort: once(abort), onLeft: undefined, leave };
    calls.add(call);
    if (untilMs < this.#timerAtMs) this.#setTimer(untilMs);
    return call;
  }

  /**
   * Aborts the tokens' calls and resolves when all have left, or after five seconds; returns the number of
   * calls that have not left by then. `except` is the call that requests this; it is not aborted.
   */
  async end(jtis: readonly string[], error: AppError, except?: Call): Promise<number> {
    const ending = jtis
      .flatMap((jti) => [...(this.#byToken.get(jti) ?? [])])
      .filter((call) => call !== except);
    if (ending.length === 0) return 0;
    const remaining = new Set(ending);
    const all = Promise.withResolvers<void>();
    for (const call of ending) {
      const before = call.onLeft;
      call.onLeft = () => {
        before?.();
        remaining.delete(call);
        if (remaining.size === 0) all.resolve();
      };
    }
    for (const call of ending) call.abort(error);
    const timer = setTimeout(all.resolve, this.#maxWaitMs);
    await all.promise;
    clearTimeout(timer);
    return remaining.size;
  }

  /** Aborts the calls of expired tokens. */
  expire(): void {
    const nowMs = this.#now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of [...this.#byToken.values()].flatMap((calls) => [...calls])) {
      if (call.untilMs <= nowMs) call.abort(tokenExpired());
      else nextMs = Math.min(nextMs, call.untilMs);
    }
    this.#setTimer(nextMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** One timer serves all calls, since most end long before their token expires. */
  #setTimer(atMs: number): void {
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const inMs = Math.min(Math.max(atMs - this.#now(), 0), MAX_TIMEOUT_MS);
    this.#timer = setTimeout(() => this.expire(), Math.ceil(inMs));
    this.#timer.unref();
  }
}

function once(abort: (error: AppError) => void): (error: AppError) => void {
  let done = false;
  return (error) => {
    if (done) return;
    done = true;
    abort(error);
  };
}
