import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import type { LinkInfo } from './link-info.ts';
import { type LinkQuery, matchesFilter, mayMatchFilter, pageOfLinks } from './listing.ts';

const COLUMNS = {
  socket: 'socket',
  linux_user: 'linuxUser',
  daemon: 'daemon',
  state: 'state',
  pid: 'pid',
  sessions: 'sessions',
  created_at: 'createdAtMs',
  version: 'version',
} as const;

const user = fc.constantFrom('alice', 'Bob');
const small = fc.integer({ min: 1, max: 4 });
const anyLink = fc.record({
  uid: small,
  linuxUser: user,
  jti: fc.constantFrom('j1', 'j2'),
  daemon: fc.boolean(),
  pid: small,
  state: fc.constantFrom('ready' as const, 'retiring' as const, 'lost' as const),
  version: fc.constantFrom('0.1.0', '0.2.0'),
  createdAtMs: small,
  sessions: small,
});
const anyLinks = fc
  .array(anyLink, { maxLength: 30 })
  .map((links) => links.map((link, at): LinkInfo => ({ socket: `${1000 + at}.sock`, ...link })));
const filter = fc.record({
  linuxUser: fc.constantFrom('', 'alice'),
  text: fc.constantFrom('', 'BOB', 'lost', 're', '0.2', 'j1', '1003.sock', 'nowhere'),
});

function allOf(links: readonly LinkInfo[], query: LinkQuery): LinkInfo[] {
  const found: LinkInfo[] = [];
  let pageToken = '';
  do {
    const page = pageOfLinks(links, { ...query, pageToken });
    expect(page.total).toBe(links.filter((link) => matchesFilter(query, link)).length);
    found.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}

describe('a list of links', () => {
  test('returns each match once, in every order and with every filter', () => {
    const column = fc.constantFrom(...(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]));
    const property = fc.property(
      anyLinks,
      filter,
      column,
      fc.constantFrom('', ' desc'),
      small,
      (links, picked, name, turned, pageSize) => {
        const found = allOf(links, { ...picked, orderBy: `${name}${turned}`, pageSize });
        const wanted = links.filter((link) => matchesFilter(picked, link));
        expect(new Set(found)).toEqual(new Set(wanted));
        expect(found).toHaveLength(wanted.length);
        const keys = found.map((link): [string | number | boolean, string] => [
          link[COLUMNS[name]],
          link.socket,
        ]);
        if (turned !== '') keys.reverse();
        for (const [at, [key, socket]] of keys.entries()) {
          const [next = key, nextSocket = 'z'] = keys[at + 1] ?? [];
          expect(key < next || (key === next && socket < nextSocket)).toBe(true);
        }
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  test('finds text in every field that identifies a link, and in its state', () => {
    const link: LinkInfo = {
      socket: '1000.aa.sock',
      uid: 1000,
      linuxUser: 'alice',
      jti: 'J-77',
      daemon: true,
      pid: 4242,
      state: 'retiring',
      version: '0.1.0',
      createdAtMs: 1,
      sessions: 0,
    };
    for (const text of ['', 'AA.sock', 'lic', 'j-7', 'RETIR', '1.0'])
      expect(matchesFilter({ text }, link)).toBe(true);
    for (const text of ['4242', 'lost', 'bob']) expect(matchesFilter({ text }, link)).toBe(false);
    expect(mayMatchFilter({ text: 'lost' }, link)).toBe(true);
    expect(mayMatchFilter({ text: 'lost', linuxUser: 'bob' }, link)).toBe(false);
  });

  test.each<[string, Partial<LinkQuery>]>([
    ['a text that is too long', { text: 'x'.repeat(257) }],
    ['an unknown order', { orderBy: 'uid' }],
    ['the page token of another list', { pageToken: Buffer.from('["x",1,"a",1]').toString('base64url') }],
  ])('refuses %s', (_, query) => {
    expect(() => pageOfLinks([], { pageSize: 0, ...query })).toThrow(
      expect.toSatisfy((error) => isAppError(error, 'INVALID_ARGUMENT')),
    );
  });
});
