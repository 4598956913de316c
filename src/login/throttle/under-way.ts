/** Counts what is under way, by key; keeps nothing for a key without any. */
export class UnderWay {
  readonly #counts = new Map<string, number>();

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Counts one of each of `keys`, until it is disposed of. */
  begin(keys: readonly string[]): Disposable {
    for (const key of keys) this.#counts.set(key, this.of(key) + 1);
    let hasEnded = false;
    return {
      [Symbol.dispose]: () => {
        if (hasEnded) return;
        hasEnded = true;
        for (const key of keys) this.#end(key);
      },
    };
  }

  #end(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
