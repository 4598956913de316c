/** A test that lacks what it needs is skipped, never passed, and the run's last lines say why. */
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { missing, needs, skippedFor } from './needs.ts';

const FILE = 'test/support/skipped-tests.ts';

/** Runs FILE as `npm test` runs its tests. */
const RUN = `import { startVitest } from 'vitest/node';
await startVitest('test', [], {
  config: false, watch: false, include: ['${FILE}'], reporters: ['./build/closing-line.ts'],
});`;

/** Returns the lines that a run of FILE prints where there is no world. */
async function closingLines(): Promise<string[]> {
  const names = ['TEST_WORLD', 'CHECKS_PASSED', 'CHECKS_FAILED', 'WHOLE_RUN'];
  const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, undefined])), SEED: '7' };
  const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', RUN];
  const cwd = dirname(dirname(import.meta.dirname));
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd, env });
  return stdout.trim().split('\n');
}

test('what is missing is counted and said in the last lines of a run, and nothing of it has run', async () => {
  const [time, ...lines] = await closingLines();
  expect(time).toMatch(/^ *0\.\d s test\/support\/skipped-tests\.ts$/);
  expect(lines).toEqual([
    expect.stringMatching(
      /^skipped, needs (root|namespaces).*: test\/support\/skipped-tests\.ts: a suite > first and 1 more$/,
    ),
    `skipped, needs the moon: ${FILE}: a test`,
    'random choices of seed 7',
    '1 passed, 0 failed, 3 skipped',
  ]);
});

test('the first of the needs that is missing is the reason', () => {
  expect(needs()).toEqual({});
  expect(skippedFor(undefined)).toEqual({});
  expect(needs('root')).toEqual(skippedFor(missing('root')));
});
