/** People, and what they have. */
import type { Login } from '../../src/generated/latchkey/v1/token.ts';
import { type List, orderBy, type Row } from '../screen.ts';
import { tokenFilter } from './tokens.ts';

export const logins: List = {
  kind: 'list',
  name: 'Logins',
  rows: 'logins',
  columns: [
    { title: 'LOGIN', order: 'login', shrinks: true },
    { title: 'TOKENS', order: 'tokens' },
    { title: 'LINKS', optional: true },
    { title: 'SESSIONS', optional: true },
    { title: 'USERS', shrinks: true },
    { title: 'METHODS', shrinks: true },
    { title: 'LAST', order: 'newest_issued_at' },
    { title: 'FROM', shrinks: true, optional: true },
  ],
  order: { by: 'login', descending: false },
  filters: 'login, Linux user, host, address or id',
  page: async (client, { query, pageSize, pageToken, signal }) => {
    const ask = { filter: tokenFilter(query), orderBy: orderBy(query), pageSize, pageToken };
    const page = await client.tokens.listLogins(ask, { signal });
    return { ...page, items: page.logins.map(loginRow) };
  },
  async *watch(client, query, signal) {
    const request = { filter: tokenFilter(query), changesOnly: true };
    for await (const { event } of client.tokens.watchTokens(request, { signal }))
      yield { kind: event?.$case === 'snapshotDone' ? 'begun' : 'other' };
  },
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'log out',
      consequence: 'Every token is refused from that moment.',
      endsTokensBy: 'login',
      atOnce: 1,
      act: (client, [login = '']) => client.tokens.revokeTokens({ login }),
    },
  ],
};

function loginRow(person: Login): Row {
  const { login, linuxUsers, newestIssuedAt } = person;
  const tokens = String(person.tokens);
  const users = linuxUsers.join(', ');
  const methods = person.authMethods.join(', ');
  const from = person.clientAddresses.join(', ');
  return {
    id: login,
    title: `everything of ${login}`,
    login,
    cells: [
      login,
      tokens,
      String(person.links),
      String(person.sessions),
      users,
      methods,
      newestIssuedAt,
      from,
    ],
    fields: [
      { name: 'login', value: login },
      { name: 'tokens', value: tokens, lead: { screen: 'Tokens', scope: { login } } },
      { name: 'sessions', value: `of ${login}`, lead: { screen: 'Sessions', scope: { login } } },
      ...linuxUsers.map((linuxUser) => ({
        name: 'links',
        value: `of ${linuxUser}`,
        lead: { screen: 'Links', scope: { linuxUser } },
      })),
      { name: 'methods', value: methods },
      { name: 'last', value: newestIssuedAt },
      { name: 'from', value: from },
    ],
  };
}
