import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needs } from '../support/needs.ts';
import { ORDER_FILE, type Order } from './order.ts';
import { type Planted, plant } from './plant.ts';

const CODE = `/** Adds. */
const sum = (a: number, b: number): number => a + b;
const less = (a: number, b: number): boolean => a < b;
console.log(sum(2, 1), less);
`;

let root: string;
let planted: Planted;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-planted-'));
  for (const folder of ['src', 'test/mutation', 'node_modules'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'src/sum.ts'), CODE);
  for (const file of ['switch.ts', 'order.ts'])
    copyFileSync(join(import.meta.dirname, file), join(root, 'test/mutation', file));
});
afterEach(() => {
  planted[Symbol.dispose]();
  rmSync(root, { recursive: true });
});

test('a mutant is a place of the code and what stands there instead; the project stays as it is', async () => {
  planted = await plant(root, [{ file: 'src/sum.ts' }]);
  expect(planted.mutants).toContainEqual({
    id: expect.any(String),
    file: 'src/sum.ts',
    line: 2,
    mutator: 'ArithmeticOperator',
    original: 'a + b',
    replacement: 'a - b',
  });
  expect(readFileSync(join(root, 'src/sum.ts'), 'utf8')).toBe(CODE);
});

test('of a file whose lines are named, only these have mutants', async () => {
  planted = await plant(root, [{ file: 'src/sum.ts', lines: [{ first: 2, last: 2 }] }]);
  expect(new Set(planted.mutants.map(({ line }) => line))).toEqual(new Set([3]));
});

test('a process has the mutant that its world is told of, or none', needs('world'), async () => {
  planted = await plant(root, [{ file: 'src/sum.ts' }]);
  const difference = planted.mutants.find(({ replacement }) => replacement === 'a - b');
  expect(ran({})).toMatch(/^3 /);
  expect(ran({ active: difference?.id ?? '' })).toMatch(/^1 /);
});

test('the mutants that a process reaches are noted', needs('world'), async () => {
  planted = await plant(root, [{ file: 'src/sum.ts' }]);
  const reached = join(root, 'reached');
  ran({ reached });
  const lines = planted.mutants.filter(({ id }) => readFileSync(reached, 'utf8').split('\n').includes(id));
  expect(new Set(lines.map(({ original }) => original))).toContain('a + b');
  expect(new Set(lines.map(({ original }) => original))).not.toContain('a < b');
});

function ran(order: Order): string {
  writeFileSync(ORDER_FILE, JSON.stringify(order));
  try {
    return execFileSync(process.execPath, [join(planted.folder, 'src/sum.ts')], { encoding: 'utf8' });
  } finally {
    rmSync(ORDER_FILE);
  }
}
