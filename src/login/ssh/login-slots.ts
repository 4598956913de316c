/**
 * Limits how many logins use sshd at once. Others wait in a bounded queue for a limited time, and no
 * source can take all slots.
 */
import { AppError } from '../../errors.ts';
import { Slots } from '../../limits/slots.ts';

export interface LoginSlotLimits {
  readonly total: number;
  readonly perSource: number;
  readonly queueMs: number;
  readonly maxQueued: number;
}

/** Fewer than sshd's default MaxStartups of 10 (sshd_config(5)); one source cannot take them all. */
export const SLOT_LIMITS: LoginSlotLimits = { total: 9, perSource: 3, queueMs: 10_000, maxQueued: 90 };

interface QueuedLogin {
  readonly source: string;
  readonly enter: (slot: Disposable) => void;
}

const BUSY = 'too many logins at once; try again in a moment';

export class LoginSlots {
  readonly #limits: LoginSlotLimits;
  readonly #all: Slots<'all'>;
  readonly #bySource: Slots<string>;
  readonly #queue: QueuedLogin[] = [];

  constructor(limits: LoginSlotLimits) {
    this.#limits = limits;
    this.#all = new Slots(limits.total, BUSY);
    this.#bySource = new Slots(limits.perSource, BUSY);
  }

  /** Returns true when `source` would have to wait. */
  isBusy(source: string): boolean {
    return this.#all.isFull('all') || this.#bySource.isFull(source);
  }

  /**
   * Takes a slot, which is released by disposing. Throws LIMIT_EXCEEDED when none is free in time, or the
   * signal's reason.
   */
  async take(source: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    return this.isBusy(source) ? this.#wait(source, signal) : this.#enter(source);
  }

  #enter(source: string): Disposable {
    const slot = new DisposableStack();
    slot.defer(() => this.#callNext());
    slot.use(this.#all.take('all'));
    slot.use(this.#bySource.take(source));
    return slot;
  }

  async #wait(source: string, signal: AbortSignal): Promise<Disposable> {
    if (this.#queue.length >= this.#limits.maxQueued) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>();
    const waiting: QueuedLogin = { source, enter: resolve };
    const giveUp = (error: unknown): void => {
      const at = this.#queue.indexOf(waiting);
      if (at >= 0) this.#queue.splice(at, 1);
      reject(error);
    };
    const abort = (): void => giveUp(signal.reason);
    const timer = setTimeout(() => giveUp(busy()), this.#limits.queueMs);
    signal.addEventListener('abort', abort, { once: true });
    this.#queue.push(waiting);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Called when a slot is free: gives it to the first in the queue that may have it. */
  #callNext(): void {
    const at = this.#queue.findIndex((waiting) => !this.isBusy(waiting.source));
    const [next] = at < 0 ? [] : this.#queue.splice(at, 1);
    next?.enter(this.#enter(next.source));
  }
}

function busy(): AppError {
  return new AppError('LIMIT_EXCEEDED', BUSY);
}
