/**
 * The calls that tokens have in flight. A call is ended at once when its token is, and exactly
 * when its token's time is over; ending waits for the calls to leave, so that after it nothing
 * runs any more in the token's name.
 */
import type { AppError } from '../../errors.ts';
import { tokenExpired } from '../../token/claims.ts';

/** A call in flight; `leave` when it is over, in whatever way. */
export interface Call {
  leave(): void;
}

interface Entry {
  readonly untilMs: number;
  abort(error: AppError): void;
  gone: (() => void) | undefined;
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

  /** How many tokens have calls in flight. */
  get tokens(): number {
    return this.#byToken.size;
  }

  /** `abort` is called once at most, and not after `leave`. */
  enter(jti: string, untilMs: number, abort: (error: AppError) => void): Call {
    const calls = this.#byToken.get(jti) ?? new Set();
    this.#byToken.set(jti, calls);
    const leave = (): void => {
      calls.delete(call);
      if (calls.size === 0 && this.#byToken.get(jti) === calls) this.#byToken.delete(jti);
      call.gone?.();
    };
    const call: Entry & Call = { untilMs, abort: once(abort), gone: undefined, leave };
    calls.add(call);
    if (untilMs < this.#timerAtMs) this.#wakeAt(untilMs);
    return call;
  }

  /**
   * Aborts the tokens' calls at once, and settles when all have left: with how many had not in
   * time, which is five seconds. `except` is left alone: the call that asks for this.
   */
  async end(jtis: readonly string[], error: AppError, except?: Call): Promise<number> {
    const ending = jtis
      .flatMap((jti) => [...(this.#byToken.get(jti) ?? [])])
      .filter((call) => call !== except);
    if (ending.length === 0) return 0;
    const left = new Set(ending);
    const all = Promise.withResolvers<void>();
    for (const call of ending) {
      const before = call.gone;
      call.gone = () => {
        before?.();
        left.delete(call);
        if (left.size === 0) all.resolve();
      };
    }
    for (const call of ending) call.abort(error);
    const timer = setTimeout(all.resolve, this.#maxWaitMs);
    await all.promise;
    clearTimeout(timer);
    return left.size;
  }

  /** Ends the calls of tokens whose time is over. */
  expire(): void {
    const nowMs = this.#now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of [...this.#byToken.values()].flatMap((calls) => [...calls])) {
      if (call.untilMs <= nowMs) call.abort(tokenExpired());
      else nextMs = Math.min(nextMs, call.untilMs);
    }
    this.#wakeAt(nextMs);
  }

  /** Forgets the timer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** One timer for all: most calls are over long before their token is. */
  #wakeAt(atMs: number): void {
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
