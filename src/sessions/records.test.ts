import { afterEach, beforeEach, expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import { insertSession } from '../store/tables/sessions.ts';
import { Records } from './records.ts';
import type { SessionChange } from './session.ts';

let world: AuthorityWorld;
let records: Records;
let changes: SessionChange[];

const END = { atMs: 5, status: 137, oomKills: 1 };
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
  await records.end('s', { atMs: 5, status: 3, oomKills: undefined });
  await records.end('s', { atMs: 9, status: undefined, oomKills: 1 });
  await records.end('unknown', { atMs: 9, status: 0, oomKills: 0 });
  expect(await records.find('s')).toMatchObject({ ended_at: 5, exit_status: 3, oom_kills: null });
  expect(changes).toHaveLength(1);
});

test('nothing is announced that could not be recorded', async () => {
  world.broken = true;
  await expect(records.end('s', END)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
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
  await records.end('s', END);
  expect(changes.map((change) => 'before' in change && change.before)).toEqual([false, 'running']);
});

test('the record of an end is waited for, and no longer than it may take', async () => {
  expect(await records.findEnded('unknown', 60_000)).toBeUndefined();
  expect(await records.findEnded('s', 1)).toMatchObject({ state: 'running' });
  const found = records.findEnded('s', 60_000);
  await records.change('s', () => ({ socket: 'other.sock' }));
  await records.end('s', END);
  expect(await found).toMatchObject({ state: 'ended', oom_kills: 1 });
  expect(await records.findEnded('s', 60_000)).toMatchObject({ oom_kills: 1 });
});
