/** How tests are laid out (test/README.md). */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = dirname(import.meta.dirname);

test('every attack says first what it would exploit, how, and what is shown', () => {
  const files = globSync('test/attack/*.test.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(0);
  const heads =
    /^\/\*\*\n \* VULNERABILITY: [^/]+\n \*\n \* ATTACK: [^/]+\n \*\n \* VERIFIES: [\s\S]+?\*\/\n/;
  expect(files.filter((file) => !heads.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});
