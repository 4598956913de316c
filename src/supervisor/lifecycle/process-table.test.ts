import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ProcessEntry, ProcessTree, processesOf } from './process-table.ts';

/** Returns what `processesOf` says of one leader, looking at all processes again and again. */
function below(leader: number, table: readonly ProcessEntry[]): Set<number> {
  const found = new Set<number>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const { pid, session, parent } of table)
      if (pid !== leader && (session === leader || parent === leader || found.has(parent))) found.add(pid);
  }
  return found;
}

const entry = (pid: number, parent: number, session: number): ProcessEntry => ({
  pid,
  parent,
  session,
  group: session,
  foreground: -1,
  state: 'S',
  startTime: 1,
  cpuTicks: 0,
  childTicks: 0,
  residentPages: 0,
});

const some = fc.nat({ max: 12 });
const tables = fc
  .uniqueArray(fc.tuple(some, some, some), { selector: ([pid]) => pid })
  .map((rows) => rows.map((row) => entry(...row)));

test('a tree of processes has all that is below each leader, and finds what was there', () => {
  fc.assert(
    fc.property(tables, some, (table, leader) => {
      const tree = new ProcessTree(table);
      expect(new Set(tree.below(leader).map(({ pid }) => pid))).toEqual(below(leader, table));
      expect(tree.of([...table.map(({ pid }) => pid), 99])).toEqual(table);
    }),
  );
});

test('the processes of leaders are all that is below each of them, and no leader', () => {
  fc.assert(
    fc.property(tables, fc.array(some), (table, leaders) => {
      const expected = new Set(leaders.flatMap((leader) => [...below(leader, table)]));
      for (const leader of leaders) expected.delete(leader);
      expect(new Set(processesOf(leaders, table))).toEqual(expected);
    }),
  );
});

test('a leader that is named very often is looked at once', () => {
  let looks = 0;
  const table = Array.from({ length: 1_000 }, (_, at) => {
    const look = (): number => {
      looks += 1;
      return at + 1;
    };
    return Object.defineProperty(entry(at + 2, at + 1, 1), 'parent', { get: look });
  });
  const leaders = Array.from({ length: 100_000 }, () => 2);
  expect(processesOf(leaders, table)).toHaveLength(999);
  expect(looks).toBeLessThanOrEqual(table.length);
});
