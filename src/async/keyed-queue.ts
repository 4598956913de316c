/** Work that is done one at a time for each key, in the order it was asked for; keys do not wait for each other. */
export class KeyedQueue<Key> {
  /** The last work of each key that has any. */
  readonly #last = new Map<Key, Promise<unknown>>();

  /** Does `work` when all that was asked for with `key` before is over, failed or not. Throws what `work` throws. */
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

  /** How many keys have work that is not over. */
  get size(): number {
    return this.#last.size;
  }
}
