import { afterEach, beforeEach, expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import { insertSession } from '../store/tables/sessions.ts';
import { Records } from './records.ts';
import type { SessionChange } from './session.ts';

let world: AuthorityWorld;
let records: Records;
let changes: SessionChange[];
beforeEach(async () => {
  world = new AuthorityWorld();
  await world.open();
  records = new Records(world.store);
  changes = [];
  records.changes.listen((change) => void changes.push(change));
  await world.store.commit((tx) => insertSession(tx, sessionRow('s')));
});
afterEach(() => world[Symbol.asyncDispose]());

test('the end of a session is recorded once, with the status that was known first', async () => {
  await records.end('s', 5, 3);
  await records.end('s', 9, undefined);
  await records.end('unknown', 9, 0);
  expect(await records.find('s')).toMatchObject({ state: 'ended', ended_at: 5, exit_status: 3 });
  expect(changes).toHaveLength(1);
});

test('nothing is announced that could not be recorded', async () => {
  world.broken = true;
  await expect(records.end('s', 5, 3)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  const added = records.add(sessionRow('other'));
  await expect(added).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  world.broken = false;
  expect(changes).toEqual([]);
  expect(await records.find('s')).toMatchObject({ state: 'running' });
});

test('a client that leaves twice is counted once', async () => {
  const row = sessionRow('s');
  const leave = [records.attach(row), records.attach(row)];
  leave[0]?.();
  leave[0]?.();
  expect(records.view(row).attached).toBe(1);
  leave[1]?.();
  expect(records.view(row).attached).toBe(0);
});

test('each client that comes or leaves is announced, unless the session is gone', async () => {
  const row = sessionRow('s');
  const leave = [records.attach(row), records.attach(row)];
  leave[0]?.();
  await expect.poll(() => changes.length).toBe(3);
  await records.remove([row]);
  leave[1]?.();
  await records.find('s'); // after the look that the client's leaving has begun
  expect(changes.map(({ kind, session }) => [kind, session.attached])).toEqual([
    ['changed', 1],
    ['changed', 2],
    ['changed', 1],
    ['removed', 1],
  ]);
});

test('a change says what the state was before, only when it was another', async () => {
  await records.change('s', () => ({ socket: 'other.sock' }));
  await records.end('s', 5, 3);
  expect(changes.map((change) => 'before' in change && change.before)).toEqual([false, 'running']);
});
