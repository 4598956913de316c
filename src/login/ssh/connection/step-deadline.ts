/** A deadline for the current step of a conversation with a program that may hang at any step. */

export class StepDeadline implements Disposable {
  readonly #onLate: (step: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onLate: (step: string) => void) {
    this.#onLate = onLate;
  }

  /** Starts `step` with its time limit, in milliseconds, and ends the previous step. */
  begin(step: string, limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onLate(step), limitMs);
  }

  /** Stops the deadline while nothing is expected from the program. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.pause();
  }
}
