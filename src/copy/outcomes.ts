/** Tells the outcomes of items in the order of the items. */

/** The outcome of an item. */
export interface Outcome {
  /** Why it was not copied; empty when it was. */
  readonly problem: string;
  /** True when nothing was done, because it is there already. */
  readonly unchanged: boolean;
  /** True when nothing was done, because its folder could not be made. */
  readonly noFolder: boolean;
}

export const COPIED: Outcome = { problem: '', unchanged: false, noFolder: false };
export const UNCHANGED: Outcome = { ...COPIED, unchanged: true };
export const NO_FOLDER: Outcome = { ...COPIED, noFolder: true };

export function failed(problem: string): Outcome {
  return { ...COPIED, problem };
}

interface Expected {
  readonly tell: (outcome: Outcome) => void;
  outcome?: Outcome;
}

export class Outcomes {
  readonly #expected: Expected[] = [];

  /** Number of items whose outcome has not been told. */
  get size(): number {
    return this.#expected.length;
  }

  /** Adds an item; call the result with its outcome. `tell` is called once all earlier items have theirs. */
  expect(tell: (outcome: Outcome) => void): (outcome: Outcome) => void {
    const expected: Expected = { tell };
    this.#expected.push(expected);
    return (outcome) => {
      expected.outcome = outcome;
      while (this.#expected[0]?.outcome !== undefined) {
        const first = this.#expected.shift();
        if (first?.outcome !== undefined) first.tell(first.outcome);
      }
    };
  }
}
