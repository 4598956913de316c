/** For contained.test.ts only: a test that leaves something in the home of the person who runs it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';

const { PERSONS_HOME = '' } = process.env;

test('leaves sessions', () => {
  mkdirSync(join(PERSONS_HOME, '.local/state/latchkey/lk-1'), { recursive: true });
});
