/**
 * Compares every list of a store with the same list made in memory: each row once, in order, for any query.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import type { Page } from '../../src/store/page.ts';
import type { SessionRow, TokenRow } from '../../src/store/schema.ts';
import { upsertLink } from '../../src/store/tables/links.ts';
import { type Login, selectLogins } from '../../src/store/tables/logins.ts';
import * as sessions from '../../src/store/tables/sessions.ts';
import * as tokens from '../../src/store/tables/tokens.ts';
import { matchesText } from '../../src/store/text-in.ts';
import { linkRow, sessionRow, tokenRow } from './rows.ts';

type Opened = () => Store;

const RUNS = 40;
const ORDERS = {
  tokens: ['jti', 'login', 'linux_user', 'auth_method', 'issued_at', 'expires_at', 'client_ip'],
  logins: ['login', 'tokens', 'newest_issued_at'],
  sessions: ['id', 'login', 'linux_user', 'command', 'state', 'started_at'],
} as const;

const name = fc.constantFrom('al', 'Al%ice', 'bob', 'carol_1');
const address = fc.constantFrom('10.0.0.1', '10.0.0.22', 'fd00::1', null);
const small = fc.integer({ min: 1, max: 4 });
const text = fc.constantFrom('', '', 'echo 1', '"', 'AL', '%', '_', '0.1', '::', 'host', 't1', 'nowhere');
const direction = fc.constantFrom('', ' desc');

const someTokens = fc.array(
  fc.record({
    login: name,
    linux_user: fc.option(name),
    auth_method: fc.constantFrom('link', 'ssh'),
    issued_at: small,
    expires_at: small,
    client_ip: address,
  }),
  { maxLength: 25 },
);
const tokenFilter = fc.record({
  login: fc.constantFrom('', '', 'bob', 'al'),
  authMethod: fc.constantFrom('', '', 'link'),
  text,
});

/** Sorts rows as `orderBy` says, and rows with equal keys by id. */
function sorted<Row>(rows: readonly Row[], orderBy: string, id: keyof Row & string): Row[] {
  const [column, turned] = orderBy.split(' ') as [keyof Row & string, string | undefined];
  const key = (row: Row): [unknown, unknown] => [row[column] ?? '', row[id]];
  const inOrder = rows.toSorted((a, b) => {
    const [[one, oneId], [other, otherId]] = [key(a), key(b)] as never as [
      [string, string],
      [string, string],
    ];
    if (one !== other) return one < other ? -1 : 1;
    return oneId < otherId ? -1 : 1;
  });
  return turned === undefined ? inOrder : inOrder.reverse();
}

function isPicked(row: TokenRow, { login, authMethod, text: wanted }: Required<tokens.TokenFilter>): boolean {
  if ((login !== '' && row.login !== login) || (authMethod !== '' && row.auth_method !== authMethod))
    return false;
  return matchesText(wanted, [row.login, row.linux_user, row.hostname, row.client_ip, row.jti]);
}

/** Returns all pages, one after the other, and checks that each has the same total. */
async function allOf<Item>(page: (pageToken: string) => Promise<Page<Item>>, total: number): Promise<Item[]> {
  const items: Item[] = [];
  let pageToken = '';
  do {
    const next = await page(pageToken);
    expect(next.total).toBe(total);
    items.push(...next.items);
    pageToken = next.nextPageToken;
  } while (pageToken !== '');
  return items;
}

function loginsOf(rows: readonly TokenRow[]): Pick<Login, 'login' | 'tokens' | 'newest_issued_at'>[] {
  return [...Map.groupBy(rows, ({ login }) => login)].map(([login, own]) => ({
    login,
    tokens: own.length,
    newest_issued_at: Math.max(...own.map(({ issued_at }) => issued_at)),
  }));
}

export function pagedLists(opened: Opened): void {
  const put = async (rows: readonly TokenRow[]): Promise<void> => {
    await Promise.all(rows.map((row) => opened().commit((tx) => tokens.insertToken(tx, row))));
  };
  const drop = async (rows: readonly TokenRow[]): Promise<void> => {
    const jtis = rows.map(({ jti }) => jti);
    await opened().commit((tx) => tokens.deleteTokens(tx, jtis));
  };
  const made = (changes: readonly Partial<TokenRow>[]): TokenRow[] =>
    changes.map((change, index) => tokenRow(`t${index}`, change));

  test('return each token once, in every order and with every filter', async () => {
    const orderBy = fc.tuple(fc.constantFrom(...ORDERS.tokens), direction).map((parts) => parts.join(''));
    const property = fc.asyncProperty(
      someTokens,
      tokenFilter,
      orderBy,
      small,
      async (changes, filter, orderBy, pageSize) => {
        const rows = made(changes);
        await put(rows);
        const wanted = sorted(
          rows.filter((row) => isPicked(row, filter)),
          orderBy,
          'jti',
        );
        const page = (pageToken: string): Promise<Page<TokenRow>> =>
          opened().read((db) => tokens.selectTokens(db, { ...filter, orderBy, pageSize, pageToken }));
        expect(await allOf(page, wanted.length)).toEqual(wanted);
        await drop(rows);
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });

  test('return each login once with its counts, while tokens are issued, renewed and deleted', async () => {
    const orderBy = fc.tuple(fc.constantFrom(...ORDERS.logins), direction).map((parts) => parts.join(''));
    const property = fc.asyncProperty(
      someTokens,
      fc.array(fc.record({ index: fc.nat(24), issued_at: fc.integer({ min: 4, max: 9 }) })),
      fc.array(fc.nat(24)),
      tokenFilter,
      orderBy,
      small,
      async (changes, renewals, gone, filter, orderBy, pageSize) => {
        const all = made(changes);
        await put(all);
        for (const { index, issued_at } of renewals) {
          const row = all[index];
          if (row === undefined) continue;
          all[index] = { ...row, issued_at };
          const renewed = { issued_at, expires_at: row.expires_at, claims: row.claims };
          await opened().commit((tx) => tokens.renewToken(tx, row.jti, renewed));
        }
        await drop(all.filter((_, index) => gone.includes(index)));
        const rows = all.filter((_, index) => !gone.includes(index));
        const picked = new Set(rows.filter((row) => isPicked(row, filter)).map(({ login }) => login));
        const wanted = sorted(
          loginsOf(rows).filter(({ login }) => picked.has(login)),
          orderBy,
          'login',
        );
        const page = (pageToken: string): Promise<Page<Login>> =>
          opened().read((db) => selectLogins(db, { ...filter, orderBy, pageSize, pageToken }));
        const found = await allOf(page, wanted.length);
        expect(found).toMatchObject(wanted);
        for (const { login, linuxUsers, authMethods } of found) {
          const own = rows.filter((row) => row.login === login);
          expect(linuxUsers).toEqual(distinct(own.map(({ linux_user }) => linux_user)));
          expect(authMethods).toEqual(distinct(own.map(({ auth_method }) => auth_method)));
        }
        await drop(rows);
        expect((await page('')).items).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });

  test('return all rows of a filter that matches thousands', async () => {
    const rows = Array.from({ length: 1100 }, (_, at) =>
      tokenRow(`t${at}`, { login: `user${at % 1050}`, linux_user: 'crowd', issued_at: at }),
    );
    await put([...rows, tokenRow('other')]);
    const text = 'crowd';
    const found = await opened().read((db) => tokens.selectTokens(db, { text, pageSize: 2 }));
    expect(found).toMatchObject({ total: 1100, items: [{ jti: 't1099' }, { jti: 't1098' }] });
    const large = await opened().read((db) => tokens.selectTokens(db, { text, pageSize: 5000 }));
    const usual = await opened().read((db) => tokens.selectTokens(db, { text, pageSize: 0 }));
    expect(usual.items).toHaveLength(100);
    expect(large.items).toHaveLength(1000); // AIP-158: a page size over the maximum is taken as the maximum
    const people = await opened().read((db) =>
      selectLogins(db, { text, orderBy: 'newest_issued_at desc', pageSize: 2 }),
    );
    expect(people).toMatchObject({
      total: 1050,
      items: [{ login: 'user49', tokens: 2 }, { login: 'user48' }],
    });
  });

  test('return each session once, in every order and with every filter', async () => {
    const orderBy = fc.tuple(fc.constantFrom(...ORDERS.sessions), direction).map((parts) => parts.join(''));
    const change = fc.record({
      login: name,
      linux_user: name,
      command: fc.constantFrom('["make"]', '["echo","100%"]'),
      state: fc.constantFrom('running' as const, 'ended' as const),
      started_at: small,
    });
    const filters = fc.record({ login: fc.constantFrom('', 'bob'), text });
    const property = fc.asyncProperty(
      fc.array(change, { maxLength: 25 }),
      filters,
      orderBy,
      small,
      async (changes, filter, orderBy, pageSize) => {
        const rows = changes.map((change, index) => sessionRow(`t${index}`, change));
        await Promise.all(rows.map((row) => opened().commit((tx) => sessions.insertSession(tx, row))));
        const wanted = sorted(
          rows.filter(
            ({ id, login, linux_user, command }) =>
              (filter.login === '' || login === filter.login) &&
              matchesText(filter.text, [id, login, linux_user, JSON.parse(command).join(' ')]),
          ),
          orderBy,
          'id',
        );
        const page = (pageToken: string): Promise<Page<SessionRow>> =>
          opened().read((db) => sessions.selectSessions(db, { ...filter, orderBy, pageSize, pageToken }));
        expect(await allOf(page, wanted.length)).toEqual(wanted);
        const ids = rows.map(({ id }) => id);
        await opened().commit((tx) => sessions.deleteSessions(tx, ids));
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });

  test('return for a login the addresses of its newest tokens, its running sessions and its links', async () => {
    const places = [null, '10.0.0.2', '10.0.0.1', '10.0.0.2', '10.0.0.9'];
    await put(places.map((client_ip, at) => tokenRow(`p${at}`, { client_ip, issued_at: at })));
    const many = Array.from({ length: 12 }, (_, at) =>
      tokenRow(`m${at}`, { login: 'many', client_ip: `10.1.0.${at}`, issued_at: at }),
    );
    await put([...many, tokenRow('b', { login: 'bob' })]);
    for (const [id, change] of [
      ['r', { login: 'alice' }],
      ['e', { login: 'alice', state: 'ended', ended_at: 2 }],
      ['o', { login: 'bob' }],
    ] as const)
      await opened().commit((tx) => sessions.insertSession(tx, sessionRow(id, change)));
    for (const jti of ['p0', 'p1', 'b', 'nobody'])
      await opened().commit((tx) => upsertLink(tx, linkRow(`s-${jti}`, { jti })));
    const { items } = await opened().read((db) => selectLogins(db, { pageSize: 0 }));
    expect(items).toMatchObject([
      { login: 'alice', addresses: ['10.0.0.9', '10.0.0.2', '10.0.0.1', 'Host_1'], sessions: 1, links: 2 },
      { login: 'bob', addresses: ['127.0.0.1'], sessions: 1, links: 1 },
      { login: 'many', sessions: 0, links: 0 },
    ]);
    const newest = Array.from({ length: 10 }, (_, at) => `10.1.0.${11 - at}`);
    expect(items.at(-1)?.addresses).toEqual(newest);
  });
}

function distinct(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((one) => one !== null))].sort();
}
