/**
 * Changes from one place to many watchers. A watcher that does not keep up is dropped with
 * SLOW_READER instead of holding anything back or filling memory.
 */
import { AppError } from './errors.ts';

const MAX_WAITING = 10_000;

export class Feed<Event> {
  readonly #watchers = new Set<(event: Event) => void>();
  readonly #listeners = new Set<(event: Event) => void>();

  /** How many are watching; who listens is not counted. */
  get size(): number {
    return this.#watchers.size;
  }

  emit(event: Event): void {
    for (const deliver of this.#listeners) deliver(event);
    for (const deliver of this.#watchers) deliver(event);
  }

  /** Calls `deliver` with each event at once, until disposed; it does little, and throws nothing. */
  listen(deliver: (event: Event) => void): Disposable {
    this.#listeners.add(deliver);
    return { [Symbol.dispose]: () => void this.#listeners.delete(deliver) };
  }

  /**
   * What is emitted from this call on (not from the first `next()`), until `signal` aborts; so
   * subscribe first and take a snapshot second, and nothing falls between.
   * Throws SLOW_READER from `next()` once more than 10,000 events wait.
   */
  subscribe(signal: AbortSignal): AsyncIterableIterator<Event> {
    const waiting: Event[] = [];
    let overrun = false;
    let wake: (() => void) | undefined;
    const deliver = (event: Event): void => {
      if (waiting.length >= MAX_WAITING) overrun = true;
      else waiting.push(event);
      wake?.();
    };
    const stop = (): void => {
      this.#watchers.delete(deliver);
      wake?.();
    };
    if (!signal.aborted) this.#watchers.add(deliver);
    signal.addEventListener('abort', stop, { once: true });

    async function* events(): AsyncGenerator<Event> {
      try {
        while (!signal.aborted) {
          if (overrun) throw new AppError('SLOW_READER', 'too slow to follow the changes; watch again');
          if (waiting.length > 0) yield* waiting.splice(0);
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    }
    return events();
  }
}
