import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';
import { STORIES, STORY_TIMEOUT_MS, shared, UNIT_TIMEOUT_MS } from '../../vitest.config.ts';
import { worlds } from '../support/run/world-worker.ts';

/** Code with mutants in it is slower, by so much at most. */
const SLOWER = 5;

const one = { ...shared, setupFiles: [...shared.setupFiles, 'test/mutation/activate.ts'], maxWorkers: 1 };

/** The tests of one trial, one file at a time. */
export default defineConfig({
  test: {
    root: dirname(dirname(import.meta.dirname)),
    projects: [
      {
        test: {
          ...one,
          name: 'unit',
          sequence: { groupOrder: 1 },
          include: ['src/**/*.test.ts'],
          testTimeout: SLOWER * UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          ...one,
          name: 'stories',
          sequence: { groupOrder: 2 },
          include: STORIES,
          pool: worlds,
          testTimeout: SLOWER * STORY_TIMEOUT_MS,
        },
      },
    ],
  },
});
