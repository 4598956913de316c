/** The noun `sessions`: programs that run, or have ended recently. */
import { type Session, type SessionFilter, SessionState } from '../generated/latchkey/v1/session.ts';
import { shellWords } from '../system/shell-words.ts';
import { integer, integerOrNull, string, stringOrNull, strings, timeOrNull } from '../terminal/json.ts';
import { sessionState, sessionWord } from '../terminal/state-words.ts';
import { changesOf, type PrintedNoun, type Selection } from './noun.ts';

export const sessions: PrintedNoun<Session> = {
  one: 'session',
  many: 'sessions',
  id: ({ id }) => id,
  about: ({ login, command }) => `${login}: ${shellWords(command)}`,
  columns: [
    { title: 'SESSION', order: 'id', value: ({ id }) => id },
    { title: 'LOGIN', order: 'login', shrinks: true, value: ({ login }) => login },
    {
      title: 'USER',
      order: 'linux_user',
      shrinks: true,
      optional: true,
      value: ({ linuxUser }) => linuxUser,
    },
    { title: 'STATE', order: 'state', shrinks: true, value: sessionState },
    { title: 'STARTED', order: 'started_at', value: ({ startedAt }) => startedAt },
    { title: 'COMMAND', order: 'command', shrinks: true, value: ({ command }) => shellWords(command) },
  ],
  fields: ({ login, linuxUser, jti, socket, ...session }) => [
    { name: 'session', value: session.id },
    { name: 'login', value: login, reference: { to: 'logins', login } },
    { name: 'Linux user', value: linuxUser, reference: { to: 'links', linuxUser } },
    { name: 'command', value: shellWords(session.command) },
    { name: 'directory', value: session.directory },
    { name: 'state', value: sessionState(session) },
    { name: 'started', value: session.startedAt },
    { name: 'ended', value: session.endedAt },
    { name: 'attached', value: String(session.attached) },
    { name: 'token', value: jti, reference: { to: 'tokens', text: jti } },
    { name: 'link', value: socket, reference: { to: 'links', linuxUser, text: socket } },
  ],
  members: {
    id: string('its id', ({ id }) => id),
    login: string('whose it is', ({ login }) => login),
    linuxUser: string('who it runs as', ({ linuxUser }) => linuxUser),
    command: strings('the program and its arguments', ({ command }) => command),
    directory: stringOrNull('where it was started', ({ directory }) => directory),
    state: string('starting, running, ended or unknown', sessionWord),
    startedAt: timeOrNull('when it was started', ({ startedAt }) => startedAt),
    endedAt: timeOrNull('when it ended', ({ endedAt }) => endedAt),
    exitStatus: integerOrNull(
      'its exit status, 128 + n for signal n; null while it runs, and where nobody saw it',
      ({ exitStatus }) => exitStatus,
    ),
    jti: string('the token it was started with', ({ jti }) => jti),
    socket: stringOrNull('its link', ({ socket }) => socket),
    attached: integer('how many are attached to it', ({ attached }) => attached),
  },
  searchedFields: 'id, login, Linux user or command',
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const request = { filter: filterOf(selection), orderBy, ...ask };
    const page = await client.sessions.listSessions(request, signal && { signal });
    return { ...page, items: page.sessions };
  },
  watch: (client, selection, { signal, changesOnly }) => {
    const request = { filter: filterOf(selection), changesOnly };
    return changesOf(client.sessions.watchSessions(request, signal && { signal }), 'session', 'removedId');
  },
};

function filterOf({ login = '', state = SessionState.UNSPECIFIED, text = '' }: Selection): SessionFilter {
  return { login, state, text };
}
