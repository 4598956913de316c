/** A test that lacks what it needs is skipped, never passed, and the run's last lines say why. */
import { expect, test } from 'vitest';
import { closingLines } from './closing-lines.ts';

const FILE = 'test/support/run/skipped-tests.ts';

test('what is missing is counted and said in the last lines of a run, and nothing of it has run', async () => {
  const [time, ...lines] = await closingLines(FILE);
  expect(time).toMatch(/^ *0\.\d s test\/support\/run\/skipped-tests\.ts$/);
  expect(lines).toEqual([
    expect.stringMatching(
      /^skipped, needs (root|namespaces).*: test\/support\/run\/skipped-tests\.ts: a suite > first and 1 more$/,
    ),
    `skipped, needs the moon: ${FILE}: a test`,
    'random choices of seed 7',
    '1 passed, 0 failed, 3 skipped',
  ]);
});

test('a file that blocks its process is killed, which is a failure', async () => {
  const lines = await closingLines('test/support/run/blocking-tests.ts', { BLOCKED_SECONDS: '1' });
  expect(lines.slice(-4)).toEqual([
    'skipped, not run: test/support/run/blocking-tests.ts: that never ends',
    expect.stringMatching(/^FAIL outside of the tests: .*Worker/),
    'random choices of seed 7',
    '0 passed, 1 failed, 1 skipped',
  ]);
});
