/** The contract of a store: tests that every database must pass. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import type { Store } from '../../src/store/open.ts';
import {
  allFailedLogins,
  deleteFailedLogins,
  deleteFailedLoginsUntil,
  upsertFailedLogins,
} from '../../src/store/tables/failed-logins.ts';
import {
  allKnownPlaces,
  deleteKnownPlace,
  deleteKnownPlacesUntil,
  upsertKnownPlace,
} from '../../src/store/tables/known-places.ts';
import { allLinks, deleteLink, upsertLink } from '../../src/store/tables/links.ts';
import { getMeta, setMeta } from '../../src/store/tables/meta.ts';
import * as sessions from '../../src/store/tables/sessions.ts';
import * as tokens from '../../src/store/tables/tokens.ts';
import { pagedLists } from './paged-lists.ts';
import { linkRow, sessionRow, tokenRow } from './rows.ts';
import { jtisOf, type Opened, tokensKept, tokensListed } from './stored-tokens.ts';
import { textsFound } from './texts.ts';

/** Runs the suite `name` on empty stores that `open` makes. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name}: the store's contract`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store[Symbol.asyncDispose]());

    describe('commits', () => commits(() => store));
    describe('tokens', () => tokensKept(() => store));
    describe('tokens in lists', () => tokensListed(() => store));
    describe('links', () => links(() => store));
    describe('sessions', () => sessionsKept(() => store));
    describe('lists', () => pagedLists(() => store));
    describe('a text', () => textsFound(() => store));
    describe('failed logins', () => failedLoginsKept(() => store));
    describe('known places', () => knownPlacesKept(() => store));
  });
}

function commits(opened: Opened): void {
  test('store what was requested at the same time, and answer each request', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        opened().commit(async (tx) => {
          await setMeta(tx, `key${index}`, `${index}`);
          return index;
        }),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index));
    for (const index of answers)
      expect(await opened().read((db) => getMeta(db, `key${index}`))).toBe(`${index}`);
  });

  test('fail separately, and leave nothing of a failed one', async () => {
    const refused = new AppError('LIMIT_EXCEEDED', 'enough');
    const outcomes = await Promise.allSettled([
      opened().commit((tx) => setMeta(tx, 'before', 'kept')),
      opened().commit(async (tx) => {
        await setMeta(tx, 'failed', 'x');
        throw refused;
      }),
      opened().commit(async (tx) => {
        await setMeta(tx, 'broken', 'x');
        await tokens.insertToken(tx, tokenRow('same'));
        await tokens.insertToken(tx, tokenRow('same'));
      }),
      opened().commit((tx) => setMeta(tx, 'after', 'kept')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toHaveProperty('reason', refused);
    const kept = ['before', 'failed', 'broken', 'after'].map((key) =>
      opened().read((db) => getMeta(db, key)),
    );
    expect(await Promise.all(kept)).toEqual(['kept', undefined, undefined, 'kept']);
    expect(await jtisOf(opened(), {})).toEqual([]);
  });

  test('are atomic: a read sees all of one, or nothing', async () => {
    let half = false;
    const write = opened().commit(async (tx) => {
      await setMeta(tx, 'one', 'x');
      half = true;
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      half = false;
      await setMeta(tx, 'two', 'x');
    });
    while (!half) await new Promise(setImmediate);
    const seen = await opened().read(async (db) => [await getMeta(db, 'one'), await getMeta(db, 'two')]);
    expect(seen).toEqual(['x', 'x']);
    await write;
  });

  test('and reads are refused once the store is closed', async () => {
    const last = opened().commit((tx) => setMeta(tx, 'last', 'kept'));
    await opened()[Symbol.asyncDispose]();
    await last;
    await expect(opened().read((db) => getMeta(db, 'last'))).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    await expect(opened().commit((tx) => setMeta(tx, 'x', ''))).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
  });
}

function links(opened: Opened): void {
  test('are added, changed and deleted', async () => {
    await opened().commit((tx) => upsertLink(tx, linkRow('a')));
    await opened().commit((tx) => upsertLink(tx, linkRow('a', { state: 'lost' })));
    expect(await opened().read(allLinks)).toEqual([linkRow('a', { state: 'lost' })]);
    await opened().commit((tx) => deleteLink(tx, 'a'));
    expect(await opened().read(allLinks)).toEqual([]);
  });
}

function sessionsKept(opened: Opened): void {
  const idsOf = async (query: Partial<sessions.SessionQuery>): Promise<string[]> => {
    const page = await opened().read((db) => sessions.selectSessions(db, { pageSize: 0, ...query }));
    return page.items.map(({ id }) => id);
  };

  test('are added, ended and deleted', async () => {
    await opened().commit((tx) => sessions.insertSession(tx, sessionRow('a')));
    const end = { state: 'ended', ended_at: 5, exit_status: 137 } as const;
    expect(await opened().commit((tx) => sessions.updateSession(tx, 'a', end))).toBe(true);
    expect(await opened().commit((tx) => sessions.updateSession(tx, 'b', end))).toBe(false);
    expect(await opened().read((db) => sessions.selectSession(db, 'a'))).toEqual(sessionRow('a', end));
    await opened().commit((tx) => sessions.deleteSessions(tx, ['a']));
    await opened().commit((tx) => sessions.deleteSessions(tx, []));
    expect(await opened().read((db) => sessions.selectSession(db, 'a'))).toBeUndefined();
  });

  test('that ended before a time are found by uid, the earliest first', async () => {
    for (const row of [
      sessionRow('a', { state: 'ended', ended_at: 9 }),
      sessionRow('b', { state: 'ended', ended_at: 7 }),
      sessionRow('c', { state: 'ended', ended_at: 8 }),
      sessionRow('d', { state: 'ended', ended_at: 5, uid: 7 }),
      sessionRow('e', { started_at: 1 }),
    ]) {
      await opened().commit((tx) => sessions.insertSession(tx, row));
    }
    const ended = async (beforeMs: number, limit: number): Promise<string[]> => {
      const rows = await opened().read((db) => sessions.endedBefore(db, 1000, beforeMs, limit));
      return rows.map(({ id }) => id);
    };
    expect(await ended(9, 10)).toEqual(['b', 'c']);
    expect(await ended(10, 2)).toEqual(['b', 'c']);
  });

  test('are found by uid, and listed by filter and order', async () => {
    for (const row of [
      sessionRow('a', { started_at: 1, login: 'bob' }),
      sessionRow('b', { started_at: 2, uid: 7, command: '["make"]' }),
      sessionRow('c', { started_at: 3, state: 'ended', ended_at: 4 }),
    ]) {
      await opened().commit((tx) => sessions.insertSession(tx, row));
    }
    const ofUid = await opened().read((db) => sessions.sessionsOfUid(db, 1000, 'running'));
    expect(ofUid.map(({ id }) => id)).toEqual(['a']);
    expect(await opened().read((db) => sessions.sessionsOfUid(db, 1000))).toHaveLength(2);
    expect(await idsOf({})).toEqual(['c', 'b', 'a']);
    expect(await idsOf({ orderBy: 'login desc' })).toEqual(['a', 'c', 'b']);
    expect(await idsOf({ state: 'running', login: 'alice' })).toEqual(['b']);
    expect(await idsOf({ text: '100%' })).toEqual(['c', 'a']);
    const { nextPageToken } = await opened().read((db) => sessions.selectSessions(db, { pageSize: 2 }));
    expect(await idsOf({ pageSize: 2, pageToken: nextPageToken })).toEqual(['a']);
  });
}

function failedLoginsKept(opened: Opened): void {
  test('are added, raised, expire and are cleared', async () => {
    const counts = { streak: 1, last_at: 2, empty_at: 3 };
    const rows = [
      { login: 'alice', source: 'here', ...counts, until: 30 },
      { login: 'alice', source: '', ...counts, until: 20 },
      { login: '', source: 'here', ...counts, until: 10 },
    ];
    for (const row of rows)
      await opened().commit((tx) => upsertFailedLogins(tx, { ...row, streak: 0, last_at: 0, until: 5 }));
    for (const row of rows) await opened().commit((tx) => upsertFailedLogins(tx, row));
    expect(await opened().read(allFailedLogins)).toEqual(rows.toReversed());
    await opened().commit((tx) => deleteFailedLoginsUntil(tx, 10));
    expect(await opened().read(allFailedLogins)).toEqual([rows[1], rows[0]]);
    await opened().commit((tx) => deleteFailedLogins(tx, { login: 'alice', source: '' }));
    expect(await opened().read(allFailedLogins)).toEqual([rows[0]]);
  });
}

function knownPlacesKept(opened: Opened): void {
  test('are added, used again, forgotten and removed', async () => {
    const rows = [
      { login: 'alice', source: 'here', last_at: 10, empty_at: 1 },
      { login: 'alice', source: 'there', last_at: 20, empty_at: 2 },
      { login: 'bob', source: 'here', last_at: 30, empty_at: 3 },
    ];
    for (const row of rows) await opened().commit((tx) => upsertKnownPlace(tx, { ...row, last_at: 5 }));
    for (const row of rows) await opened().commit((tx) => upsertKnownPlace(tx, row));
    expect(await opened().read(allKnownPlaces)).toEqual(rows);
    await opened().commit((tx) => deleteKnownPlacesUntil(tx, 10));
    expect(await opened().read(allKnownPlaces)).toEqual(rows.slice(1));
    await opened().commit((tx) => deleteKnownPlace(tx, { login: 'alice', source: 'there' }));
    expect(await opened().read(allKnownPlaces)).toEqual(rows.slice(2));
  });
}
