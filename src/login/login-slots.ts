/** How many may do something at once; the others queue, but not for ever, and no source takes all places. */
import { AppError } from '../errors.ts';

export interface LoginSlotLimits {
  readonly places: number;
  readonly perSource: number;
  readonly queueMs: number;
  readonly queued: number;
}

interface Waiting {
  readonly source: string;
  readonly enter: () => void;
}

export class LoginSlots {
  readonly #numbers: LoginSlotLimits;
  readonly #taken: string[] = [];
  readonly #queue: Waiting[] = [];

  constructor(numbers: LoginSlotLimits) {
    this.#numbers = numbers;
  }

  /** Whether `source` would have to wait. */
  isBusy(source: string): boolean {
    const { places, perSource } = this.#numbers;
    const own = this.#taken.filter((other) => other === source).length;
    return this.#taken.length >= places || own >= perSource;
  }

  /** A place, given back by disposing. Throws LIMIT_EXCEEDED when none gets free in time, or the signal's reason. */
  async take(source: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.isBusy(source)) await this.#wait(source, signal);
    else this.#taken.push(source);
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#leave(source);
        isTaken = false;
      },
    };
  }

  async #wait(source: string, signal: AbortSignal): Promise<void> {
    if (this.#queue.length >= this.#numbers.queued) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { source, enter: resolve };
    const give = (error: unknown): void => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
      reject(error);
    };
    const abort = (): void => give(signal.reason);
    const timer = setTimeout(() => give(busy()), this.#numbers.queueMs);
    signal.addEventListener('abort', abort, { once: true });
    this.#queue.push(waiting);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  #leave(source: string): void {
    this.#taken.splice(this.#taken.indexOf(source), 1);
    const at = this.#queue.findIndex((waiting) => !this.isBusy(waiting.source));
    const [next] = at < 0 ? [] : this.#queue.splice(at, 1);
    if (next === undefined) return;
    this.#taken.push(next.source);
    next.enter();
  }
}

function busy(): AppError {
  return new AppError('LIMIT_EXCEEDED', 'too many logins at once; try again in a moment');
}
