/**
 * A secret value in a type of its own: it prints, logs, serialises and inspects as `[secret]`, so
 * that it leaves the program only where `reveal()` is written out.
 */
import { inspect } from 'node:util';

const SHOWN = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the value itself. It must never be put into a log, argv, an environment or an error. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
