/** The noun `logins`: who is logged in, or ever was, with their tokens, links and sessions. */
import type { Login } from '../generated/latchkey/v1/token.ts';
import { integer, string, strings, timeOrNull } from '../terminal/json.ts';
import { methodWord } from '../terminal/state-words.ts';
import type { ListedNoun } from './noun.ts';
import { tokenFilter, tokens } from './tokens.ts';

export const logins: ListedNoun<Login> = {
  one: 'login',
  many: 'logins',
  id: ({ login }) => login,
  hint: ({ linuxUsers }) => linuxUsers.join(', '),
  columns: [
    { title: 'LOGIN', order: 'login', value: ({ login }) => login },
    { title: 'TOKENS', order: 'tokens', value: (login) => String(login.tokens) },
    { title: 'LINKS', optional: true, value: (login) => String(login.links) },
    { title: 'SESSIONS', optional: true, value: (login) => String(login.sessions) },
    { title: 'USERS', shrinks: true, value: ({ linuxUsers }) => linuxUsers.join(', ') },
    { title: 'METHODS', shrinks: true, value: ({ authMethods }) => authMethods.map(methodWord).join(', ') },
    { title: 'LAST LOGIN', order: 'newest_issued_at', value: ({ newestIssuedAt }) => newestIssuedAt },
    {
      title: 'FROM',
      shrinks: true,
      optional: true,
      value: ({ clientAddresses }) => clientAddresses.join(', '),
    },
  ],
  fields: ({ login, linuxUsers, ...rest }) => [
    { name: 'login', value: login },
    { name: 'tokens', value: String(rest.tokens), reference: { to: 'tokens', login } },
    { name: 'sessions', value: `of ${login}`, reference: { to: 'sessions', login } },
    ...linuxUsers.map((linuxUser) => ({
      name: 'links',
      value: `of ${linuxUser}`,
      reference: { to: 'links', linuxUser } as const,
    })),
    { name: 'methods', value: rest.authMethods.map(methodWord).join(', ') },
    { name: 'last login', value: rest.newestIssuedAt },
    { name: 'from', value: rest.clientAddresses.join(', ') },
  ],
  members: {
    login: string('name of the login', ({ login }) => login),
    tokens: integer('number of its live tokens; 0 for one that has logged in before', ({ tokens }) => tokens),
    links: integer('number of links of its tokens', ({ links }) => links),
    sessions: integer('number of its running sessions', ({ sessions }) => sessions),
    linuxUsers: strings(
      'Linux users of its tokens, without live tokens that of the latest',
      ({ linuxUsers }) => linuxUsers,
    ),
    authMethods: strings('login methods of its tokens', ({ authMethods }) => authMethods.map(methodWord)),
    newestIssuedAt: timeOrNull('time of issue of the newest token', ({ newestIssuedAt }) => newestIssuedAt),
    clientAddresses: strings(
      'addresses or hosts that its newest tokens came from',
      ({ clientAddresses }) => clientAddresses,
    ),
  },
  searchedFields: tokens.searchedFields,
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const { everyone = false } = selection;
    const request = { filter: tokenFilter(selection), everyone, orderBy, ...ask };
    const page = await client.tokens.listLogins(request, signal && { signal });
    return { ...page, items: page.logins, total: page.totalSize };
  },
  async *watch(client, selection, { signal, changesOnly }) {
    const request = { filter: tokenFilter(selection), changesOnly };
    for await (const { event } of client.tokens.watchTokens(request, signal && { signal }))
      yield { kind: event?.$case === 'snapshotDone' ? 'complete' : 'other' };
  },
};
