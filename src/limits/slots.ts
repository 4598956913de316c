/**
 * Limits how much each key may have at once: calls of a login, bytes of its messages, registrations of a
 * uid. Nobody waits here, and nothing is stored for a key without slots.
 */
import { AppError } from '../errors.ts';

interface Count {
  taken: number;
}

export class Slots<Key> {
  readonly #limit: number;
  readonly #message: string;
  readonly #counts = new Map<Key, Count>();

  /** `message` is the text of the error when no slot is free. */
  constructor(limit: number, message: string) {
    this.#limit = limit;
    this.#message = message;
  }

  /** Returns true when no slot of `key` is free. */
  isFull(key: Key): boolean {
    return this.takenBy(key) >= this.#limit;
  }

  /** Returns the number of slots that `key` has. */
  takenBy(key: Key): number {
    return this.#counts.get(key)?.taken ?? 0;
  }

  /** Takes `many` slots of `key`, released by disposing. Throws LIMIT_EXCEEDED when fewer are free. */
  take(key: Key, many = 1): Disposable {
    const known = this.#counts.get(key);
    const count = known ?? { taken: 0 };
    if (count.taken + many > this.#limit) throw new AppError('LIMIT_EXCEEDED', this.#message);
    if (known === undefined) this.#counts.set(key, count);
    count.taken += many;
    let held = many;
    return {
      [Symbol.dispose]: () => {
        count.taken -= held;
        held = 0;
        if (count.taken === 0 && this.#counts.get(key) === count) this.#counts.delete(key);
      },
    };
  }

  /** Number of keys that have slots. */
  get size(): number {
    return this.#counts.size;
  }
}
