/** Every login that is worth something now: the live tokens. */
import type { Token, TokenFilter } from '../../src/generated/latchkey/v1/token.ts';
import { type List, orderBy, type Query, type Row } from '../screen.ts';

export const tokens: List = {
  kind: 'list',
  name: 'Tokens',
  rows: 'tokens',
  columns: [
    { title: 'TOKEN', order: 'jti', shrinks: true },
    { title: 'LOGIN', order: 'login', shrinks: true },
    { title: 'USER', order: 'linux_user', shrinks: true, optional: true },
    { title: 'METHOD', order: 'auth_method', shrinks: true },
    { title: 'ISSUED', order: 'issued_at', optional: true },
    { title: 'EXPIRES', order: 'expires_at' },
    { title: 'FROM', order: 'client_ip', shrinks: true, optional: true },
  ],
  order: { by: 'issued_at', descending: true },
  filters: 'login, Linux user, host, address or id',
  page: async (client, { query, pageSize, pageToken, signal }) => {
    const ask = { filter: tokenFilter(query), orderBy: orderBy(query), pageSize, pageToken };
    const page = await client.tokens.listTokens(ask, { signal });
    return { ...page, items: page.tokens.map(tokenRow) };
  },
  async *watch(client, query, signal) {
    const request = { filter: tokenFilter(query), changesOnly: true };
    for await (const { event } of client.tokens.watchTokens(request, { signal })) {
      if (event?.$case === 'token') yield { kind: 'there', row: tokenRow(event.value) };
      if (event?.$case === 'removedJti') yield { kind: 'gone', id: event.value };
      if (event?.$case === 'snapshotDone') yield { kind: 'begun' };
    }
  },
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'revoke',
      consequence: 'Refused everywhere from that moment, with what was made from them.',
      endsTokensBy: 'jti',
      atOnce: 500,
      act: (client, jtis) => client.tokens.revokeTokens({ jtis: [...jtis] }),
    },
  ],
};

export function tokenFilter({ scope, filter }: Query): TokenFilter {
  return { login: scope.login ?? '', authMethod: '', text: filter };
}

function tokenRow(token: Token): Row {
  const { jti, login, linuxUser } = token;
  const method = token.daemon ? 'link daemon' : token.authMethod;
  return {
    id: jti,
    title: `token ${jti} of ${login}`,
    login,
    isOwnWayIn: token.current,
    cells: [
      token.current ? { text: jti, style: 'good' } : jti,
      login,
      linuxUser,
      method,
      token.issuedAt,
      token.expiresAt,
      token.clientIp || token.hostname,
    ],
    fields: [
      { name: 'token', value: jti },
      { name: 'login', value: login, lead: { screen: 'Logins', scope: { login } } },
      { name: 'its sessions', value: login, lead: { screen: 'Sessions', scope: { login } } },
      { name: 'Linux user', value: linuxUser, lead: { screen: 'Links', scope: { linuxUser } } },
      { name: 'method', value: method },
      { name: 'issued', value: token.issuedAt },
      { name: 'expires', value: token.expiresAt },
      { name: 'from', value: token.clientIp },
      { name: 'host', value: token.hostname },
      {
        name: 'link',
        value: token.socket,
        lead: { screen: 'Links', scope: { linuxUser }, filter: token.socket },
      },
      {
        name: 'made from',
        value: token.parentJti,
        lead: { screen: 'Tokens', scope: {}, filter: token.parentJti },
      },
      { name: 'server id', value: token.serverId },
      { name: 'this token', value: token.current ? 'yes' : '' },
    ],
  };
}
