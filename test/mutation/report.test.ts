import { expect, test } from 'vitest';
import { table, unnoticed } from './report.ts';
import type { Trial } from './trials.ts';

function trial(verdict: Trial['verdict'], line: number, file = 'src/token/jws.ts'): Trial {
  const mutant = {
    id: `${line}`,
    file,
    line,
    mutator: 'EqualityOperator',
    original: 'a < b',
    replacement: 'a <= b',
  };
  return { mutant, verdict };
}

const trials = [
  trial('survived', 9),
  trial('not reached', 3),
  trial('killed', 1),
  trial('timed out', 2),
  trial('killed', 1, 'src/link/link.ts'),
];

test('a score counts what was noticed in each room, by a failure or by the time it took', () => {
  expect(table(trials).split('\n').slice(2)).toEqual([
    '| `token` | 4 | 1 | 1 | 1 | 1 | 50 % |',
    '| `link` | 1 | 1 | 0 | 0 | 0 | 100 % |',
  ]);
});

test('what no test noticed is listed in the order of the code', () => {
  expect(unnoticed(trials)).toEqual([
    'src/token/jws.ts:3 EqualityOperator: a < b -> a <= b (not reached)',
    'src/token/jws.ts:9 EqualityOperator: a < b -> a <= b',
  ]);
});
