/** How many may do something at once; the others queue, but not for ever, and no source takes all places. */
import { AppError } from '../errors.ts';
import { Slots } from '../limits/slots.ts';

export interface LoginSlotLimits {
  readonly places: number;
  readonly perSource: number;
  readonly queueMs: number;
  readonly queued: number;
}

interface Waiting {
  readonly source: string;
  readonly enter: (place: Disposable) => void;
}

const BUSY = 'too many logins at once; try again in a moment';

export class LoginSlots {
  readonly #numbers: LoginSlotLimits;
  readonly #all: Slots<'all'>;
  readonly #bySource: Slots<string>;
  readonly #queue: Waiting[] = [];

  constructor(numbers: LoginSlotLimits) {
    this.#numbers = numbers;
    this.#all = new Slots(numbers.places, BUSY);
    this.#bySource = new Slots(numbers.perSource, BUSY);
  }

  /** Whether `source` would have to wait. */
  isBusy(source: string): boolean {
    return this.#all.isFull('all') || this.#bySource.isFull(source);
  }

  /** A place, given back by disposing. Throws LIMIT_EXCEEDED when none gets free in time, or the signal's reason. */
  async take(source: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    return this.isBusy(source) ? this.#wait(source, signal) : this.#enter(source);
  }

  #enter(source: string): Disposable {
    const place = new DisposableStack();
    place.defer(() => this.#callNext());
    place.use(this.#all.take('all'));
    place.use(this.#bySource.take(source));
    return place;
  }

  async #wait(source: string, signal: AbortSignal): Promise<Disposable> {
    if (this.#queue.length >= this.#numbers.queued) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>();
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
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** A place has got free, for whoever has waited longest and may have it. */
  #callNext(): void {
    const at = this.#queue.findIndex((waiting) => !this.isBusy(waiting.source));
    const [next] = at < 0 ? [] : this.#queue.splice(at, 1);
    next?.enter(this.#enter(next.source));
  }
}

function busy(): AppError {
  return new AppError('LIMIT_EXCEEDED', BUSY);
}
