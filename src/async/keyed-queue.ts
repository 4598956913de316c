/**
 * Runs jobs one at a time for each key, in the order of the calls; different keys do not wait for each other.
 */
export class KeyedQueue<Key> {
  /** The last job of each key that has unfinished ones. */
  readonly #last = new Map<Key, Promise<unknown>>();

  /** Runs `work` after all earlier jobs of `key`, failed or not. Throws what `work` throws. */
  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.catch(() => {}).then(work);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }

  /** Number of keys with unfinished jobs. */
  get size(): number {
    return this.#last.size;
  }
}
