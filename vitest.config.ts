import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/support/run/slowest-first.ts';
import { worlds } from './test/support/run/world-worker.ts';

/** Stories wait some of their time: for PAM, for time limits, for what they have started. */
const STORIES_PER_PROCESSOR = 1.5;
/** Some unit tests wait as well: for processes that they start and end. */
const UNIT_FILES_PER_PROCESSOR = 1.5;

/** Inherited by the tests' processes, and printed at the end (build/closing-line.ts). */
process.env.SEED ??= `${randomInt(2 ** 31)}`;

export const STORIES = [
  'test/stories/**/*.test.ts',
  'test/contract/**/*.test.ts',
  'test/attack/**/*.test.ts',
];
export const UNIT_TIMEOUT_MS = 30_000;
export const STORY_TIMEOUT_MS = 60_000;

/** Settings of every test file. */
export const shared = {
  pool: 'forks' as const,
  execArgv: ['--disable-warning=ExperimentalWarning'],
  setupFiles: ['test/support/run/set-up-file.ts'],
  // Loaded by the few files that use it, since it takes as long to load as Node.js.
  alias: [
    { find: /^fast-check$/, replacement: join(import.meta.dirname, 'test/support/run/seeded-fast-check.ts') },
  ],
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000 } }, // as long as a terminal is waited for (support/terminal/screen.ts)
};

const stories = Number(process.env.STORIES ?? Math.ceil(STORIES_PER_PROCESSOR * availableParallelism()));

/**
 * `unit`: beside the code. `stories`: the real program with the world's accounts. In a world, each story gets
 * another of its own, so that several run at a time; STORIES=1 runs them one by one.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          sequence: { groupOrder: 1 },
          maxWorkers: Math.ceil(UNIT_FILES_PER_PROCESSOR * availableParallelism()),
          include: [
            'src/**/*.test.ts',
            'tui/**/*.test.ts',
            'test/rules/**/*.test.ts',
            'test/support/**/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/crash/**/*.test.ts',
            'test/mutation/**/*.test.ts',
          ],
          testTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          ...shared,
          name: 'stories',
          sequence: { groupOrder: 2 }, // their servers and installations are nothing for a unit test to find
          include: STORIES,
          ...(process.env.TEST_WORLD ? { pool: worlds, maxWorkers: stories } : { maxWorkers: 1 }),
          testTimeout: STORY_TIMEOUT_MS,
        },
      },
    ],
  },
});
