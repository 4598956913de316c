/**
 * Delivers events from one source to many watchers. A watcher that falls behind by more than 10,000
 * events is dropped with SLOW_READER, rather than block others or fill memory.
 */
import { Condition } from './async/condition.ts';
import { AppError } from './errors.ts';

const MAX_WAITING = 10_000;

export class Feed<Event> {
  readonly #watchers = new Set<(event: Event) => void>();
  readonly #listeners = new Set<(event: Event) => void>();

  /** Number of watchers, without listeners. */
  get size(): number {
    return this.#watchers.size;
  }

  emit(event: Event): void {
    for (const deliver of this.#listeners) deliver(event);
    for (const deliver of this.#watchers) deliver(event);
  }

  /**
   * Calls `deliver` synchronously with each event, until disposed. `deliver` must be quick and never throw.
   */
  listen(deliver: (event: Event) => void): Disposable {
    this.#listeners.add(deliver);
    return { [Symbol.dispose]: () => void this.#listeners.delete(deliver) };
  }

  /**
   * Yields events emitted from this call on (not from the first `next()`) until `signal` aborts. So
   * subscribe first and take a snapshot second, and no event is lost between. `next()` throws SLOW_READER
   * once more than 10,000 events are pending.
   */
  subscribe(signal: AbortSignal): AsyncIterableIterator<Event> {
    const waiting: Event[] = [];
    let overrun = false;
    const changed = new Condition();
    const deliver = (event: Event): void => {
      if (waiting.length >= MAX_WAITING) overrun = true;
      else waiting.push(event);
      changed.notify();
    };
    let isOver = signal.aborted;
    const stop = (): void => {
      isOver = true;
      this.#watchers.delete(deliver);
      signal.removeEventListener('abort', stop);
      changed.notify();
    };
    if (!isOver) {
      this.#watchers.add(deliver);
      signal.addEventListener('abort', stop);
    }

    async function* events(): AsyncGenerator<Event> {
      try {
        while (!isOver) {
          if (overrun)
            throw new AppError('SLOW_READER', 'reading too slowly to follow the changes; watch again');
          if (waiting.length > 0) yield* waiting.splice(0);
          else await changed.wait();
        }
      } finally {
        stop();
      }
    }
    const reading = events();
    return {
      next: () => reading.next(),
      return: () => {
        stop(); // a generator that nobody has read from does not run its `finally`
        return reading.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
