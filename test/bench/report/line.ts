/** One line of the table: a measurement, its reference, and whether the goal is met. */

/** Ours compared with the other, both measured in this run. */
export interface Line {
  readonly what: string;
  readonly ours: string;
  readonly other: string;
  /** Ratio of ours to the other, as the goal counts it. */
  readonly ratio: number;
  readonly goal: number;
  /** Says whether the ratio must be at least or at most the goal. */
  readonly wanted: 'at least' | 'at most';
  /** Difference between two measurements of the same thing in this run, as a part of their mean. */
  readonly spread: number;
}

export type Verdict = 'met' | 'not met' | 'inconclusive';

/**
 * Returns `inconclusive` when the ratio differs from the goal by less than the same thing differed from
 * itself, which is a part of the ratio.
 */
export function verdict({ ratio, goal, wanted, spread }: Line): Verdict {
  if (!(Math.abs(ratio - goal) >= ratio * spread)) return 'inconclusive';
  return (wanted === 'at least' ? ratio >= goal : ratio <= goal) ? 'met' : 'not met';
}

/** Returns the difference of `one` and `two`, as a part of their mean. */
export function spreadOf(one: number, two: number): number {
  return Math.abs(one - two) / ((one + two) / 2);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
