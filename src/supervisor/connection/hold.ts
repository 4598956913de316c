/** Says whether the program waits for a reader rather than run ahead of it; may change while it reads. */
export class Hold {
  #value: boolean;
  #tell: ((value: boolean) => void) | undefined;

  constructor(value: boolean) {
    this.#value = value;
  }

  get value(): boolean {
    return this.#value;
  }

  set value(value: boolean) {
    if (value === this.#value) return;
    this.#value = value;
    this.#tell?.(value);
  }

  /** Calls `tell` with each change, until the result is disposed of. */
  follow(tell: (value: boolean) => void): Disposable {
    this.#tell = tell;
    return {
      [Symbol.dispose]: () => {
        if (this.#tell === tell) this.#tell = undefined;
      },
    };
  }
}
