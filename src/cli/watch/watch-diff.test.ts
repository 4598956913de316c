import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Change } from '../../nouns/noun.ts';
import { integer } from '../../terminal/json.ts';
import { WatchDiff } from './watch-diff.ts';

interface Thing {
  readonly id: string;
  readonly looks: number;
}

const NOUN = { id: ({ id }: Thing) => id, members: { looks: integer('', ({ looks }: Thing) => looks) } };
const there = (id: string, looks: number): Change<Thing> => ({ kind: 'there', item: { id, looks } });

it('reports after an outage exactly what was added, changed and removed', () => {
  const known = new WatchDiff(NOUN);
  const take = (...changes: Change<Thing>[]) => changes.flatMap((change) => known.take(change));
  known.begin();
  take(there('a', 1), there('b', 1), there('c', 1), { kind: 'complete' });
  known.begin();
  expect(take(there('a', 1), there('b', 2), there('d', 1), { kind: 'complete' })).toEqual([
    there('b', 2),
    there('d', 1),
    { kind: 'gone', id: 'c' },
    { kind: 'complete' },
  ]);
});

it('keeps a follower of its reports up to date, however often it begins again', () => {
  const things = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(2));
  fc.assert(
    fc.property(fc.array(things), (snapshots) => {
      const known = new WatchDiff(NOUN);
      const followed = new Map<string, number>();
      for (const snapshot of snapshots) {
        known.begin();
        const changes = [
          ...Object.entries(snapshot).map((entry) => there(...entry)),
          { kind: 'complete' } as const,
        ];
        for (const told of changes.flatMap((change) => known.take(change))) {
          if (told.kind === 'there') followed.set(told.item.id, told.item.looks);
          if (told.kind === 'gone') expect(followed.delete(told.id)).toBe(true);
        }
        expect(Object.fromEntries(followed)).toEqual({ ...snapshot });
      }
    }),
  );
});
