import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';
import { shared, UNIT_TIMEOUT_MS } from '../../vitest.config.ts';

/** Code with mutants in it is slower, by so much at most. */
const SLOWER = 5;

/** The unit tests beside the code, for one trial at a time. */
export default defineConfig({
  test: {
    ...shared,
    root: dirname(dirname(import.meta.dirname)),
    include: ['src/**/*.test.ts'],
    maxWorkers: 1,
    setupFiles: [
      ...shared.setupFiles,
      ...(process.env.REACHED_FOLDER ? ['test/mutation/note-reached.ts'] : []),
    ],
    testTimeout: SLOWER * UNIT_TIMEOUT_MS,
  },
});
