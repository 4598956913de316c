/** One deadline at a time for a conversation with a program that may hang at every step of it. */

export class StepDeadline implements Disposable {
  readonly #onLate: (step: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onLate: (step: string) => void) {
    this.#onLate = onLate;
  }

  /** `step` has begun and may take that long; the step before is done. */
  begin(step: string, limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onLate(step), limitMs);
  }

  /** Nothing is awaited from the other side. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.rest();
  }
}
