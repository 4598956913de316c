/** The noun `tokens`: live tokens, with their login, method and expiry. */
import { AuthMethod, type Token, type TokenFilter } from '../generated/latchkey/v1/token.ts';
import { boolean, string, stringOrNull, timeOrNull } from '../terminal/json.ts';
import { methodWord } from '../terminal/state-words.ts';
import { enumValue, enumWords } from '../values/enum-word.ts';
import { changesOf, type PrintedNoun, type Selection } from './noun.ts';

export const tokens: PrintedNoun<Token> = {
  one: 'token',
  many: 'tokens',
  id: ({ jti }) => jti,
  hint: ({ login, authMethod }) => `${login}, ${methodWord(authMethod)}`,
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
      value: ({ authMethod }) => methodWord(authMethod),
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
    { name: 'sessions', value: login, reference: { to: 'sessions', login }, isReferenceOnly: true },
    { name: 'Linux user', value: linuxUser, reference: { to: 'links', linuxUser } },
    { name: 'method', value: methodWord(token.authMethod) },
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
    jti: string('id', ({ jti }) => jti),
    login: string('login that owns it', ({ login }) => login),
    linuxUser: stringOrNull('Linux user of the token', ({ linuxUser }) => linuxUser),
    authMethod: string(`login method: ${enumWords(AuthMethod).join(', ')}`, ({ authMethod }) =>
      methodWord(authMethod),
    ),
    issuedAt: timeOrNull('time of issue', ({ issuedAt }) => issuedAt),
    expiresAt: timeOrNull('time of expiry', ({ expiresAt }) => expiresAt),
    clientIp: stringOrNull('IP address that the login came from', ({ clientIp }) => clientIp),
    hostname: stringOrNull('name of the host that issued it', ({ hostname }) => hostname),
    socket: stringOrNull('its link', ({ socket }) => socket),
    daemon: boolean('true when its link is a link daemon', ({ daemon }) => daemon),
    serverId: string('id of the server that issued it', ({ serverId }) => serverId),
    parentJti: stringOrNull('id of the token that it was made from', ({ parentJti }) => parentJti),
    current: boolean('true for the token of this command', ({ current }) => current),
  },
  searchedFields: 'login, Linux user, host, address or id',
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const request = { filter: tokenFilter(selection), orderBy, ...ask };
    const page = await client.tokens.listTokens(request, signal && { signal });
    return { ...page, items: page.tokens, total: page.totalSize };
  },
  watch: (client, selection, { signal, changesOnly }) => {
    const request = { filter: tokenFilter(selection), changesOnly };
    return changesOf(client.tokens.watchTokens(request, signal && { signal }), 'token', 'removedJti');
  },
};

export function tokenFilter({ login = '', method, text = '' }: Selection): TokenFilter {
  return {
    login,
    authMethod: method === undefined ? AuthMethod.UNSPECIFIED : enumValue(AuthMethod, method),
    text,
  };
}
