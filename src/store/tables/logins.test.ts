import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tokenRow } from '../../../test/contract/rows.ts';
import { openStore, type Store } from '../open.ts';
import type { TokenRow } from '../schema.ts';
import { type LoginQuery, selectLogins } from './logins.ts';
import { deleteTokens, insertToken, renewToken } from './tokens.ts';

async function opened(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-logins-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return openStore({ url: `sqlite:${join(folder, 'test.db')}` });
}

/** Adds tokens of these logins, named after them, at one second after another. */
async function logIn(
  store: Store,
  ...logins: readonly (readonly [string, Partial<TokenRow>?])[]
): Promise<void> {
  for (const [at, [login, change]] of logins.entries()) {
    const row = tokenRow(login, { login, linux_user: `u-${login}`, issued_at: at + 1, ...change });
    await store.commit((tx) => insertToken(tx, row));
  }
}

async function namesOf(store: Store, query: Partial<LoginQuery> = {}): Promise<string> {
  const page = await store.read((db) => selectLogins(db, { pageSize: 0, everyone: true, ...query }));
  expect(page.total).toBe(page.items.length);
  return page.items.map(({ login }) => login).join(' ');
}

it('lists everyone who ever logged in, and what is known of those without tokens (F28)', async () => {
  await using store = await opened();
  await logIn(
    store,
    ['ann'],
    ['bob', { client_ip: '192.0.2.7' }],
    ['cleo'],
    ['root', { auth_method: 'local' }],
  );
  const renewed = { issued_at: 9, expires_at: 99, claims: '{}' };
  await store.commit((tx) => renewToken(tx, 'cleo', renewed));
  await store.commit((tx) => deleteTokens(tx, ['bob', 'cleo']));
  const { items, total } = await store.read((db) => selectLogins(db, { pageSize: 0, everyone: true }));
  expect(total).toBe(4);
  expect(items).toMatchObject([
    { login: 'ann', tokens: 1, newest_issued_at: 1, linuxUsers: ['u-ann'], authMethods: ['link'] },
    { login: 'bob', tokens: 0, newest_issued_at: 2, linuxUsers: ['u-bob'], authMethods: [], addresses: [] },
    { login: 'cleo', tokens: 0, newest_issued_at: 9, linuxUsers: ['u-cleo'], sessions: 0, links: 0 },
    { login: 'root', tokens: 1, newest_issued_at: 4 },
  ]);
  expect(await namesOf(store, { everyone: false })).toBe('ann root');
  await store.commit((tx) => deleteTokens(tx, ['root']));
  expect(await namesOf(store)).toBe('ann bob cleo');
});

it('filters, sorts and pages everyone as it does those who are logged in', async () => {
  await using store = await opened();
  await logIn(store, ['ann'], ['bob'], ['cleo', { client_ip: '192.0.2.7', auth_method: 'ssh' }], ['dora']);
  await store.commit((tx) => deleteTokens(tx, ['ann', 'bob']));
  for (const [query, names] of [
    [{ text: 'U-B' }, 'bob'],
    [{ text: 'ann' }, 'ann'],
    [{ text: '192.0.2' }, 'cleo'],
    [{ text: 'o' }, 'bob cleo dora'],
    [{ text: 'o', login: 'bob' }, 'bob'],
    [{ login: 'ann' }, 'ann'],
    [{ authMethod: 'ssh' }, 'cleo'],
    [{ authMethod: 'ssh', text: 'bob' }, ''],
    [{ orderBy: 'newest_issued_at desc' }, 'dora cleo bob ann'],
    [{ orderBy: 'tokens' }, 'ann bob cleo dora'],
  ] as const)
    expect([query, await namesOf(store, query)]).toEqual([query, names]);
  const ask = { everyone: true, pageSize: 3, orderBy: 'newest_issued_at' };
  const first = await store.read((db) => selectLogins(db, ask));
  expect(first.total).toBe(4);
  const rest = await store.read((db) => selectLogins(db, { ...ask, pageToken: first.nextPageToken }));
  expect([...first.items, ...rest.items].map(({ login }) => login)).toEqual(['ann', 'bob', 'cleo', 'dora']);
  const { nextPageToken: pageToken } = first;
  await expect(
    store.read((db) => selectLogins(db, { ...ask, everyone: false, pageToken })),
  ).rejects.toMatchObject({
    reason: 'INVALID_ARGUMENT',
  });
});

it('does not know when those have logged in who did so before times were kept', async () => {
  await using store = await opened();
  const unknown = { login: 'eve', linux_user: null, uid: null, newest_issued_at: null };
  await store.commit((tx) => tx.insertInto('known_logins').values(unknown).execute());
  await logIn(store, ['ann']);
  const everyone = await store.read((db) => selectLogins(db, { pageSize: 0, everyone: true }));
  expect(everyone.items[1]).toMatchObject({ login: 'eve', newest_issued_at: 0, linuxUsers: [] });
  expect(await namesOf(store, { orderBy: 'newest_issued_at' })).toBe('eve ann');
});
