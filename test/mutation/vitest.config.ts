import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The unit tests beside the code, for one trial at a time. */
export default defineConfig({
  test: {
    root: dirname(dirname(import.meta.dirname)),
    include: ['src/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    setupFiles: [
      'test/support/run/set-up-file.ts',
      ...(process.env.REACHED_FOLDER ? ['test/mutation/note-reached.ts'] : []),
    ],
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
});
