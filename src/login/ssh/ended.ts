/** An attempt that has ended early, thrown within this folder and returned by the login method. */
import type { Outcome } from '../outcome.ts';

export class Ended extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** Returns the end of a refused attempt; `why` is only logged. */
export function refused(why: string): Ended {
  return new Ended({ kind: 'refused', why });
}
