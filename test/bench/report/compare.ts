/** Compares two things measured alternately, one of them also with itself. */
import { median, spreadOf } from './line.ts';

/** Measures once; returns a cost or a rate. */
export type Sample = () => number | Promise<number>;

export interface Comparison {
  /** Median of each. */
  readonly ours: number;
  readonly other: number;
  /** Median of the pairwise ratio of ours to the other. */
  readonly ratio: number;
  /** Difference between two measurements of the same thing, as a part of their mean. */
  readonly spread: number;
}

/** Measures ours, the other, and the other again in each round, in random order. */
export async function compare(rounds: number, ours: Sample, other: Sample): Promise<Comparison> {
  const taken: [number, number, number][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const values: [number, number, number] = [Number.NaN, Number.NaN, Number.NaN];
    for (const arm of shuffled([0, 1, 2] as const)) values[arm] = await (arm === 0 ? ours : other)();
    taken.push(values);
  }
  return summary(taken);
}

/** Summarises rounds of ours, the other, and the other again. */
function summary(taken: readonly (readonly [number, number, number])[]): Comparison {
  return {
    ours: median(taken.map(([value]) => value)),
    other: median(taken.flatMap(([, one, two]) => [one, two])),
    ratio: median(taken.map(([value, one, two]) => value / ((one + two) / 2))),
    spread: median(taken.map(([, one, two]) => spreadOf(one, two))),
  };
}

export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .sort((one, two) => one.at - two.at)
    .map(({ value }) => value);
}
