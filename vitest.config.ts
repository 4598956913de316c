import { defineConfig } from 'vitest/config';

const shared = { pool: 'forks' as const, execArgv: ['--disable-warning=ExperimentalWarning'] };

/** `unit`: beside the code. `stories`: the real program with the world's accounts, one story at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          sequence: { groupOrder: 1 },
          include: [
            'src/**/*.test.ts',
            'tui/**/*.test.ts',
            'test/*.test.ts',
            'test/support/**/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/crash/**/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'stories',
          sequence: { groupOrder: 2 }, // their servers and installations are nothing for a unit test to find
          include: ['test/stories/**/*.test.ts', 'test/contract/**/*.test.ts', 'test/attack/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
