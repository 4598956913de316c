import { expect, test } from 'vitest';
import type { TestFile } from './test-runs.ts';
import { testsFor } from './trials.ts';

const mutant = { id: '7', file: 'src/link/session/session.ts' };
const reaching = (file: string, seconds: number): TestFile => ({ file, seconds, reached: new Set(['7']) });
const own = reaching('src/link/session/session.test.ts', 50);
const slow = reaching('src/link/session/sessions.test.ts', 40);
const quick = reaching('src/link/session/survive.test.ts', 4);
const room = reaching('src/link/link.test.ts', 3);
const far = reaching('src/api/server.test.ts', 2);
const other: TestFile = { file: 'src/link/link.test.ts', seconds: 1, reached: new Set(['8']) };

test('the tests of a mutant are those that reach it, the nearest and then the quickest first', () => {
  expect(testsFor(mutant, [far, room, slow, quick, own, other], 1_000)).toEqual([
    own,
    quick,
    slow,
    room,
    far,
  ]);
});

test('tests that do not fit into the budget are left out, but never all of them', () => {
  expect(testsFor(mutant, [slow, quick, room], 8)).toEqual([quick, room]);
  expect(testsFor(mutant, [own, quick], 10)).toEqual([own]);
});
