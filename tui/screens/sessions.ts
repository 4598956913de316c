/** Programs that run, or have ended not long ago. */
import { type Session, type SessionFilter, SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { shellWords } from '../../src/terminal/shell-words.ts';
import { sessionState } from '../../src/terminal/state-words.ts';
import { type List, orderBy, type Query, type Row } from '../screen.ts';

/** The ones that people send (signal(7)). */
const SIGNALS = [
  { name: 'TERM', help: 'please end' },
  { name: 'INT', help: 'as from ^C' },
  { name: 'HUP', help: 'the terminal is gone; often: read the configuration again' },
  { name: 'QUIT', help: 'end with a core dump' },
  { name: 'KILL', help: 'end at once; cannot be refused' },
  { name: 'STOP', help: 'hold; cannot be refused' },
  { name: 'CONT', help: 'go on' },
  { name: 'USR1', help: 'as the program says' },
  { name: 'USR2', help: 'as the program says' },
];

export const sessions: List = {
  kind: 'list',
  name: 'Sessions',
  rows: 'sessions',
  columns: [
    { title: 'SESSION', order: 'id', shrinks: true },
    { title: 'LOGIN', order: 'login', shrinks: true },
    { title: 'USER', order: 'linux_user', shrinks: true, optional: true },
    { title: 'STATE', order: 'state', shrinks: true },
    { title: 'STARTED', order: 'started_at' },
    { title: 'COMMAND', order: 'command', shrinks: true },
  ],
  order: { by: 'started_at', descending: true },
  filters: 'id, login, Linux user or command',
  page: async (client, { query, pageSize, pageToken, signal }) => {
    const ask = { filter: filterOf(query), orderBy: orderBy(query), pageSize, pageToken };
    const page = await client.sessions.listSessions(ask, { signal });
    return { ...page, items: page.sessions.map(sessionRow) };
  },
  async *watch(client, query, signal) {
    const request = { filter: filterOf(query), changesOnly: true };
    for await (const { event } of client.sessions.watchSessions(request, { signal })) {
      if (event?.$case === 'session') yield { kind: 'there', row: sessionRow(event.value) };
      if (event?.$case === 'removedId') yield { kind: 'gone', id: event.value };
      if (event?.$case === 'snapshotDone') yield { kind: 'begun' };
    }
  },
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'end',
      consequence: 'The program ends, and all of its descendants with it.',
      atOnce: 1,
      act: (client, [sessionId = '']) => client.sessions.endSession({ sessionId }),
    },
    {
      kind: 'send',
      key: 'K',
      verb: 'signal',
      what: 'signal',
      choices: SIGNALS,
      act: (client, sessionId, signal) => client.sessions.signalSession({ sessionId, signal }),
    },
    {
      kind: 'show',
      key: 'a',
      verb: 'attach',
      words: (id) => ['attach', id, '--stdin', '--from-now'],
      hint: 'What it prints from now on; ^C goes to it, too, ^\\ leaves it running:',
      changesNothing: false,
    },
    {
      kind: 'show',
      key: 'r',
      verb: 'read',
      words: (id) => ['sessions', 'read', id],
      hint: 'What it has printed so far:',
      changesNothing: true,
    },
  ],
};

function filterOf({ scope, filter }: Query): SessionFilter {
  return { login: scope.login ?? '', state: SessionState.UNSPECIFIED, text: filter };
}

function sessionRow(session: Session): Row {
  const { id, login, linuxUser } = session;
  const command = shellWords(session.command);
  return {
    id,
    title: `session ${id} of ${login}: ${command}`,
    login,
    can: session.state === SessionState.ENDED ? ['read'] : ['end', 'signal', 'attach', 'read'],
    cells: [id, login, linuxUser, sessionState(session), session.startedAt, command],
    fields: [
      { name: 'session', value: id },
      { name: 'login', value: login, lead: { screen: 'Logins', scope: { login } } },
      { name: 'Linux user', value: linuxUser, lead: { screen: 'Links', scope: { linuxUser } } },
      { name: 'command', value: command },
      { name: 'directory', value: session.directory },
      { name: 'state', value: sessionState(session) },
      { name: 'started', value: session.startedAt },
      { name: 'ended', value: session.endedAt },
      { name: 'attached', value: String(session.attached) },
      { name: 'token', value: session.jti, lead: { screen: 'Tokens', scope: {}, filter: session.jti } },
      {
        name: 'link',
        value: session.socket,
        lead: { screen: 'Links', scope: { linuxUser }, filter: session.socket },
      },
    ],
  };
}
