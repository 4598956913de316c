import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isTitled, readRequirements } from '../support/run/requirements.ts';

const root = dirname(dirname(import.meta.dirname));
const { requirements, rows } = readRequirements();
const shown = new Set(rows.flatMap(({ ids }) => ids));

test('each requirement has a test, or is planned', () => {
  const planned = requirements.filter(({ isPlanned }) => isPlanned).map(({ id }) => id);
  const without = requirements.map(({ id }) => id).filter((id) => !shown.has(id));
  expect(without).toEqual(planned);
});

test('each requirement is listed once, and each row belongs to one', () => {
  const ids = requirements.map(({ id }) => id);
  expect(ids.length).toBe(new Set(ids).size);
  expect([...shown].filter((id) => !ids.includes(id))).toEqual([]);
});

test('each row names a test that exists', () => {
  const missing = rows.filter(({ file, title }) => {
    const path = join(root, file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return !text.includes(`'${title}'`) && !text.includes(`"${title}"`);
  });
  expect(missing).toEqual([]);
});

test('a title with a placeholder stands for each test of its table', () => {
  const row = { ids: ['X1'], file: 'a.test.ts', title: 'says no more than (was) seen when %s (X1)' };
  expect(isTitled(row, 'says no more than (was) seen when the link\nlies (X1)')).toBe(true);
  expect(isTitled(row, 'says more than (was) seen when the link lies (X1)')).toBe(false);
  expect(isTitled({ ...row, title: 'a b' }, 'a b c')).toBe(false);
  expect(isTitled({ ...row, title: '^\\\\ is a key' }, '^\\ is a key')).toBe(true);
});
