/** People, and what they have: the live tokens put together by login. A page is what one page of tokens gives. */
import type { Client } from '../../src/client/connect.ts';
import type { Token } from '../../src/generated/latchkey/v1/token.ts';
import { orderBy, type Page, type PageAsk, type Row, type Screen } from '../screen.ts';
import { tokenFilter } from './tokens.ts';

/** The most the server gives at a time. */
const TOKENS = 1000;

export const logins: Screen = {
  name: 'Logins',
  rows: 'logins',
  columns: [
    { title: 'LOGIN', order: 'login', shrinks: true },
    { title: 'TOKENS' },
    { title: 'USERS', shrinks: true },
    { title: 'METHODS', shrinks: true },
    { title: 'LAST' },
    { title: 'FROM', shrinks: true, optional: true },
  ],
  order: { by: 'login', descending: false },
  filters: 'login, Linux user, host, address or id',
  page: pageOfLogins,
  async *watch(client, query, signal) {
    const request = { filter: tokenFilter(query), changesOnly: true };
    for await (const { event } of client.tokens.watchTokens(request, { signal }))
      yield { kind: event?.$case === 'snapshotDone' ? 'begun' : 'other' };
  },
  action: {
    verb: 'log out',
    consequence:
      'Every token is refused from that moment. Links end with them; sessions as the server is set.',
    act: (client, names) => names.map((login) => client.tokens.revokeTokens({ login })),
  },
};

/** Whole logins alone: tokens are asked for until `pageSize` logins are complete, or no more tokens are there. */
async function pageOfLogins(client: Client, { query, pageSize, signal }: PageAsk): Promise<Page> {
  const filter = tokenFilter(query);
  const found = new Map<string, Token[]>();
  let pageToken = '';
  do {
    const ask = { filter, orderBy: orderBy(query), pageSize: TOKENS, pageToken };
    const page = await client.tokens.listTokens(ask, { signal });
    for (const token of page.tokens) {
      const others = found.get(token.login);
      if (others === undefined) found.set(token.login, [token]);
      else others.push(token);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && found.size <= pageSize);
  const rows = [...found].slice(0, pageSize).map(([login, tokens]) => loginRow(login, tokens));
  return { rows, next: '', total: found.size };
}

function loginRow(login: string, tokens: readonly Token[]): Row {
  const newest = tokens.reduce((a, b) => ((a.issuedAt ?? 0) >= (b.issuedAt ?? 0) ? a : b));
  const users = distinct(tokens.map((token) => token.linuxUser));
  const methods = distinct(tokens.map((token) => (token.daemon ? 'link daemon' : token.authMethod)));
  const from = distinct(tokens.map((token) => token.clientIp || token.hostname));
  return {
    id: login,
    title: `everything of ${login}`,
    cells: [
      login,
      String(tokens.length),
      users.join(', '),
      methods.join(', '),
      newest.issuedAt,
      from.join(', '),
    ],
    fields: [
      { name: 'login', value: login },
      { name: 'tokens', value: String(tokens.length), lead: { screen: 'Tokens', scope: { login } } },
      { name: 'sessions', value: `of ${login}`, lead: { screen: 'Sessions', scope: { login } } },
      ...users.map((linuxUser) => ({
        name: 'links',
        value: `of ${linuxUser}`,
        lead: { screen: 'Links', scope: { linuxUser } },
      })),
      { name: 'methods', value: methods.join(', ') },
      { name: 'last', value: newest.issuedAt },
      { name: 'from', value: from.join(', ') },
    ],
  };
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text) => text !== ''))];
}
