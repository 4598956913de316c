/** Rules of how tests are laid out (test/README.md). */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { SLOWEST } from '../support/run/slowest-first.ts';

const root = dirname(dirname(import.meta.dirname));
const MOST_FILES = 16;

test('every attack begins with the vulnerability, the attack and what the test verifies', () => {
  const files = globSync('test/attack/*.test.ts', { cwd: root });
  expect(files.length).toBeGreaterThan(0);
  const heads =
    /^\/\*\*\n \* VULNERABILITY: [^/]+\n \*\n \* ATTACK: [^/]+\n \*\n \* VERIFIES: [\s\S]+?\*\/\n/;
  expect(files.filter((file) => !heads.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

test('a command that runs the built program builds it first', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commands = Object.entries<string>(scripts).filter(([, line]) => / test\/\S+\.ts$/.test(line));
  expect(commands.map(([name]) => name)).toEqual(['bench', 'history', 'crash-loop', 'mutate']);
  expect(commands.filter(([, line]) => !/build\/build\.ts >&2 && .* test\//.test(line))).toEqual([]);
});

test('the stories that begin first are there', () => {
  expect(SLOWEST.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('the README names every folder, and no folder has too many files side by side', () => {
  const readme = readFileSync(join(root, 'test/README.md'), 'utf8');
  const folders = globSync('test/**/', { cwd: root });
  const above = folders.filter((folder) => dirname(folder) === 'test');
  expect(above.filter((folder) => !readme.includes(`| \`${basename(folder)}/\` |`))).toEqual([]);
  const crowded = folders.filter((folder) => readdirSync(join(root, folder)).length > MOST_FILES);
  expect(crowded).toEqual([]);
});
