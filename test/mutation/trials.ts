/** Tries mutants, one at a time in each lane, with the tests that reach them. */
import { dirname } from 'node:path';
import type { Mutant } from './plant.ts';
import type { TestFile, TestRuns, Verdict } from './test-runs.ts';

const SECOND_MS = 1000;
/** Factor by which tests may take longer than without a mutant, beside a fixed time for the start. */
const PATIENCE = 3;
const START_MS = 20_000;

export interface Trial {
  readonly mutant: Mutant;
  readonly verdict: Verdict | 'not reached';
}

interface Options {
  readonly lanes: number;
  /** Seconds that the tests of one mutant take without it, at most. */
  readonly budget: number;
  readonly tell: (trial: Trial) => void;
}

export async function tryAll(
  runs: TestRuns,
  mutants: readonly Mutant[],
  tests: readonly TestFile[],
  { lanes, budget, tell }: Options,
): Promise<Trial[]> {
  const waiting = mutants.values();
  const trials: Trial[] = [];
  async function lane(): Promise<void> {
    for (const mutant of waiting) {
      const trial = { mutant, verdict: await tryOne(runs, mutant, testsFor(mutant, tests, budget)) };
      trials.push(trial);
      tell(trial);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return trials;
}

/** Tries the tests beside the code first, since most mutants end there. */
async function tryOne(runs: TestRuns, mutant: Mutant, tests: readonly TestFile[]): Promise<Trial['verdict']> {
  if (tests.length === 0) return 'not reached';
  const isBeside = ({ file }: TestFile) => dirname(file) === dirname(mutant.file);
  for (const some of [tests.filter(isBeside), tests.filter((file) => !isBeside(file))]) {
    if (some.length === 0) continue;
    const seconds = some.reduce((sum, file) => sum + file.seconds, 0);
    const limitMs = START_MS + Math.ceil(PATIENCE * seconds * SECOND_MS);
    const verdict = await runs.trial(
      mutant.id,
      some.map(({ file }) => file),
      limitMs,
    );
    if (verdict !== 'survived') return verdict;
  }
  return 'survived';
}

/** Returns the tests that reach the mutant: the nearest and quickest, as many as fit into the budget. */
export function testsFor(
  { id, file }: Pick<Mutant, 'id' | 'file'>,
  tests: readonly TestFile[],
  budget: number,
): TestFile[] {
  const reaching = tests
    .filter(({ reached }) => reached.has(id))
    .toSorted(
      (one, other) => distance(one.file, file) - distance(other.file, file) || one.seconds - other.seconds,
    );
  let left = budget;
  return reaching.filter(({ seconds }, index) => {
    if (index > 0 && seconds > left) return false;
    left -= seconds;
    return true;
  });
}

/** Returns how far a test is from the code: its own file, its folder, its room, elsewhere, a story. */
function distance(test: string, file: string): number {
  if (test.replace('.test.ts', '.ts') === file) return 0;
  if (dirname(test) === dirname(file)) return 1;
  if (!test.startsWith('src/')) return 4;
  return roomOf(test) === roomOf(file) ? 2 : 3;
}

export function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}
