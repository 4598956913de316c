/** One line of the table: what was measured, against what, and what that says about the goal. */

/** Ours against the other, both measured in this run. */
export interface Line {
  readonly what: string;
  readonly ours: string;
  readonly other: string;
  /** Ours over the other, as the goal counts it. */
  readonly ratio: number;
  readonly goal: number;
  /** Whether a ratio above or below the goal meets it. */
  readonly wanted: 'at least' | 'at most';
  /** How far two measurements of the same thing lay apart in this run, as a part of their mean. */
  readonly spread: number;
}

export type Verdict = 'met' | 'not met' | 'inconclusive';

/** `inconclusive` where the goal lies no further away than what the same thing differed from itself. */
export function verdict({ ratio, goal, wanted, spread }: Line): Verdict {
  if (!(Math.abs(ratio - goal) >= goal * spread)) return 'inconclusive';
  return (wanted === 'at least' ? ratio >= goal : ratio <= goal) ? 'met' : 'not met';
}

/** How far `one` and `two` lie apart, as a part of their mean. */
export function spreadOf(one: number, two: number): number {
  return Math.abs(one - two) / ((one + two) / 2);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
