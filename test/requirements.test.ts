import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const rows = readFileSync(join(root, 'test/requirements.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, ids, , file, title] = line.split('|').map((cell) => cell.trim());
    return file?.startsWith('`') ? [{ ids, file: file.replaceAll('`', ''), title }] : [];
  });

test('every requirement in the list names a test that exists', () => {
  const missing = rows.filter(({ file, title }) => {
    const text = readFileSync(join(root, file), 'utf8');
    return !text.includes(`'${title}'`) && !text.includes(`"${title}"`);
  });
  expect(missing).toEqual([]);
  expect(rows.length).toBeGreaterThan(30);
});
