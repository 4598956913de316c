/** The noun `tokens`: live tokens, with their login, method and expiry. */
import type { Token, TokenFilter } from '../generated/latchkey/v1/token.ts';
import { boolean, string, stringOrNull, timeOrNull } from '../terminal/json.ts';
import { changesOf, type PrintedNoun, type Selection } from './noun.ts';

export const tokens: PrintedNoun<Token> = {
  one: 'token',
  many: 'tokens',
  id: ({ jti }) => jti,
  about: ({ login, authMethod }) => `${login}, ${authMethod}`,
  columns: [
    {
      title: 'TOKEN',
      order: 'jti',
      value: ({ jti, current }) => (current ? { text: jti, style: 'good' } : jti),
    },
    { title: 'LOGIN', order: 'login', shrinks: true, value: ({ login }) => login },
    {
      title: 'USER',
      order: 'linux_user',
      shrinks: true,
      value: ({ linuxUser }) => linuxUser,
    },
    {
      title: 'METHOD',
      order: 'auth_method',
      shrinks: true,
      value: ({ daemon, authMethod }) => (daemon ? 'link daemon' : authMethod),
    },
    { title: 'ISSUED', order: 'issued_at', optional: true, value: ({ issuedAt }) => issuedAt },
    { title: 'EXPIRES', order: 'expires_at', value: ({ expiresAt }) => expiresAt },
    {
      title: 'FROM',
      order: 'client_ip',
      shrinks: true,
      optional: true,
      value: ({ clientIp, hostname }) => clientIp || hostname,
    },
  ],
  fields: ({ login, linuxUser, socket, parentJti, ...token }) => [
    { name: 'token', value: token.jti },
    { name: 'login', value: login, reference: { to: 'logins', login } },
    { name: 'its sessions', value: login, reference: { to: 'sessions', login }, isReferenceOnly: true },
    { name: 'Linux user', value: linuxUser, reference: { to: 'links', linuxUser } },
    { name: 'method', value: token.authMethod },
    { name: 'issued', value: token.issuedAt },
    { name: 'expires', value: token.expiresAt },
    { name: 'from', value: token.clientIp },
    { name: 'host', value: token.hostname },
    { name: 'link', value: socket, reference: { to: 'links', linuxUser, text: socket } },
    { name: 'link daemon', value: token.daemon ? 'yes' : undefined },
    { name: 'made from', value: parentJti, reference: { to: 'tokens', text: parentJti } },
    { name: 'server id', value: token.serverId },
    { name: 'this token', value: token.current ? 'yes' : undefined },
  ],
  members: {
    jti: string('its id', ({ jti }) => jti),
    login: string('whose it is', ({ login }) => login),
    linuxUser: stringOrNull('the Linux user bound to it', ({ linuxUser }) => linuxUser),
    authMethod: string('how it was got: web-ssh, link, link-daemon or local', ({ authMethod }) => authMethod),
    issuedAt: timeOrNull('when it was issued', ({ issuedAt }) => issuedAt),
    expiresAt: timeOrNull('when it ends by itself', ({ expiresAt }) => expiresAt),
    clientIp: stringOrNull('where the login came from', ({ clientIp }) => clientIp),
    hostname: stringOrNull('the host that issued it', ({ hostname }) => hostname),
    socket: stringOrNull('its link', ({ socket }) => socket),
    daemon: boolean('whether its link is a link daemon', ({ daemon }) => daemon),
    serverId: string('the server that issued it', ({ serverId }) => serverId),
    parentJti: stringOrNull('the token that it was made from', ({ parentJti }) => parentJti),
    current: boolean('whether it is the one that asks', ({ current }) => current),
  },
  searchedFields: 'login, Linux user, host, address or id',
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const request = { filter: tokenFilter(selection), orderBy, ...ask };
    const page = await client.tokens.listTokens(request, signal && { signal });
    return { ...page, items: page.tokens };
  },
  watch: (client, selection, { signal, changesOnly }) => {
    const request = { filter: tokenFilter(selection), changesOnly };
    return changesOf(client.tokens.watchTokens(request, signal && { signal }), 'token', 'removedJti');
  },
};

export function tokenFilter({ login = '', method = '', text = '' }: Selection): TokenFilter {
  return { login, authMethod: method, text };
}
