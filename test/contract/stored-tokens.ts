/** The contract of a store about tokens. */
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import type { Page } from '../../src/store/page.ts';
import type { TokenRow } from '../../src/store/schema.ts';
import * as tokens from '../../src/store/tables/tokens.ts';
import { tokenRow } from './rows.ts';

/** Returns the store of a test, which is empty when the test begins. */
export type Opened = () => Store;

async function insertTokens(store: Store, ...rows: TokenRow[]): Promise<void> {
  await Promise.all(rows.map((row) => store.commit((tx) => tokens.insertToken(tx, row))));
}

/** Returns the ids of the tokens that a query finds, in order. */
export async function jtisOf(store: Store, query: Partial<tokens.TokenQuery>): Promise<string[]> {
  const page = await store.read((db) => tokens.selectTokens(db, { pageSize: 0, ...query }));
  return page.items.map(({ jti }) => jti);
}

export function tokensKept(opened: Opened): void {
  test('are added, renewed and deleted', async () => {
    await insertTokens(opened(), tokenRow('a'), tokenRow('b'));
    const renewed = { issued_at: 2, expires_at: 3, claims: '{"exp":3}' };
    expect(await opened().commit((tx) => tokens.renewToken(tx, 'a', renewed))).toBe(true);
    expect(await opened().commit((tx) => tokens.renewToken(tx, 'missing', renewed))).toBe(false);
    expect(await opened().read((db) => tokens.selectToken(db, 'a'))).toEqual({
      ...tokenRow('a'),
      ...renewed,
    });
    await opened().commit((tx) => tokens.deleteTokens(tx, ['a', 'missing']));
    expect(await opened().read((db) => tokens.selectToken(db, 'a'))).toBeUndefined();
    expect(await opened().read((db) => tokens.selectTokensById(db, ['a', 'b']))).toEqual([tokenRow('b')]);
  });

  test('are found by login, parent and expiry', async () => {
    await insertTokens(
      opened(),
      tokenRow('p', { expires_at: 10 }),
      tokenRow('c', { parent: 'p', expires_at: 5 }),
      tokenRow('x', { login: 'bob', expires_at: 7 }),
    );
    expect((await opened().read((db) => tokens.tokenIdsOf(db, 'alice'))).sort()).toEqual(['c', 'p']);
    expect(await opened().read((db) => tokens.tokensOf(db, 'bob'))).toHaveLength(1);
    expect(await opened().read((db) => tokens.countTokensOf(db, 'alice'))).toBe(2);
    expect(await opened().read((db) => tokens.expiredTokens(db, 7, 10))).toEqual(['c', 'x']);
    expect(await opened().read((db) => tokens.expiredTokens(db, 7, 1))).toEqual(['c']);
  });

  test('are deleted in thousands', async () => {
    const jtis = Array.from({ length: 1200 }, (_, index) => `t${index}`);
    await insertTokens(opened(), ...jtis.map((jti) => tokenRow(jti)));
    expect(await opened().read((db) => tokens.selectTokensById(db, jtis))).toHaveLength(1200);
    await opened().commit((tx) => tokens.deleteTokens(tx, jtis));
    expect(await jtisOf(opened(), {})).toEqual([]);
  });

  test('are all read at start', async () => {
    await insertTokens(opened(), tokenRow('a'), tokenRow('b', { parent: 'a', expires_at: 9 }));
    const ids = await opened().read(async (db) => {
      const ids: tokens.TokenId[] = [];
      for await (const some of tokens.allTokenIds(db)) ids.push(...some);
      return ids;
    });
    expect(ids).toEqual([
      { jti: 'b', expires_at: 9 },
      { jti: 'a', expires_at: 1_790_028_800 },
    ]);
    expect(await opened().read(tokens.allChildren)).toEqual([{ jti: 'b', parent: 'a' }]);
  });
}

export function tokensListed(opened: Opened): void {
  test('are filtered by literal text, ignoring case', async () => {
    await insertTokens(
      opened(),
      tokenRow('a', { login: 'al_ice', auth_method: 'local', issued_at: 1 }),
      tokenRow('b', { login: 'alXice', hostname: '50%', issued_at: 2 }),
      tokenRow('c', { login: 'Bob', linux_user: null, client_ip: null, issued_at: 3 }),
    );
    expect(await jtisOf(opened(), {})).toEqual(['c', 'b', 'a']);
    expect(await jtisOf(opened(), { login: 'al_ice' })).toEqual(['a']);
    expect(await jtisOf(opened(), { authMethod: 'link', login: '' })).toEqual(['c', 'b']);
    expect(await jtisOf(opened(), { text: 'L_I' })).toEqual(['a']);
    expect(await jtisOf(opened(), { text: '%' })).toEqual(['b']);
    expect(await jtisOf(opened(), { text: 'bob' })).toEqual(['c']);
    expect(await jtisOf(opened(), { text: '\\' })).toEqual([]);
    expect(await jtisOf(opened(), { text: "' or 1=1 --" })).toEqual([]);
  });

  const orders = ['login', 'login desc', 'issued_at', 'issued_at desc', 'expires_at', 'auth_method desc'];
  test.each(orders)('are paged by %s, each once, even with equal values', async (orderBy) => {
    const rows = Array.from({ length: 25 }, (_, index) =>
      tokenRow(`t${index}`, { login: `u${index % 4}`, issued_at: index % 3, expires_at: index }),
    );
    await insertTokens(opened(), ...rows);
    const seen: TokenRow[] = [];
    let page: Page<TokenRow> | undefined;
    do {
      const pageToken = page?.nextPageToken ?? '';
      page = await opened().read((db) => tokens.selectTokens(db, { orderBy, pageSize: 7, pageToken }));
      expect(page.total).toBe(25);
      seen.push(...page.items);
    } while (page.nextPageToken !== '');
    expect(new Set(seen.map(({ jti }) => jti)).size).toBe(25);
    const column = orderBy.split(' ')[0] as 'login' | 'issued_at';
    const ordered = seen.map((row) => row[column]);
    const sorted = ordered.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    expect(ordered).toEqual(orderBy.endsWith('desc') ? sorted.reverse() : sorted);
  });

  test('do not move between pages when others are added or deleted', async () => {
    await insertTokens(opened(), ...[1, 2, 3, 4].map((at) => tokenRow(`t${at}`, { issued_at: at })));
    const first = await opened().read((db) => tokens.selectTokens(db, { pageSize: 2 }));
    await insertTokens(opened(), tokenRow('new', { issued_at: 9 }));
    await opened().commit((tx) => tokens.deleteTokens(tx, ['t4']));
    expect(await jtisOf(opened(), { pageSize: 2, pageToken: first.nextPageToken })).toEqual(['t2', 't1']);
  });

  test.each<[string, Partial<tokens.TokenQuery>]>([
    ['a negative page size', { pageSize: -1 }],
    ['an order that is not offered', { orderBy: 'claims' }],
    ['an order with a tail', { orderBy: 'login desc; drop table tokens' }],
    ['a page token of nobody', { pageToken: 'x' }],
    ['a page token that is JSON of another kind', { pageToken: Buffer.from('{}').toString('base64url') }],
    ['a text longer than any name', { text: 'x'.repeat(257) }],
  ])('refuse %s', async (_, query) => {
    await expect(jtisOf(opened(), query)).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
  });

  test('refuse the page token of another list', async () => {
    await insertTokens(opened(), tokenRow('a'), tokenRow('b'));
    const { nextPageToken: pageToken } = await opened().read((db) =>
      tokens.selectTokens(db, { pageSize: 1 }),
    );
    expect(pageToken).not.toBe('');
    for (const query of [{ login: 'alice' }, { orderBy: 'login' }, { text: 'a' }]) {
      await expect(jtisOf(opened(), { ...query, pageToken })).rejects.toMatchObject({
        reason: 'INVALID_ARGUMENT',
      });
    }
  });
}
