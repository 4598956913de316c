/** A session in a table, on its own, and as JSON. */
import { type Session, SessionState } from '../../generated/latchkey/v1/session.ts';
import {
  integer,
  integerOrNull,
  type Members,
  object,
  string,
  stringOrNull,
  strings,
  timeOrNull,
} from '../../terminal/json.ts';
import type { Output, Value } from '../../terminal/output.ts';
import { shellWords } from '../../terminal/shell-words.ts';
import { sessionState, sessionWord } from '../../terminal/state-words.ts';
import type { Column } from '../../terminal/table.ts';

export const SESSION_COLUMNS: readonly Column[] = [
  { title: 'SESSION' },
  { title: 'LOGIN', shrinks: true },
  { title: 'USER', shrinks: true, optional: true },
  { title: 'STATE', shrinks: true },
  { title: 'STARTED' },
  { title: 'COMMAND', shrinks: true },
];

/** The states by the names that people use for them. */
export const STATE_NAMES: ReadonlyMap<string, SessionState> = new Map([
  ['starting', SessionState.STARTING],
  ['running', SessionState.RUNNING],
  ['ended', SessionState.ENDED],
]);

export function sessionRow(out: Output, session: Session): Value[] {
  return [
    session.id,
    session.login,
    session.linuxUser,
    sessionState(session),
    out.time(session.startedAt),
    shellWords(session.command),
  ];
}

export function sessionFields(out: Output, session: Session): [string, Value | undefined][] {
  return [
    ['session', session.id],
    ['login', session.login],
    ['Linux user', session.linuxUser],
    ['command', shellWords(session.command)],
    ['directory', session.directory],
    ['state', sessionState(session)],
    ['started', out.time(session.startedAt, 2)],
    ['ended', out.time(session.endedAt, 2)],
    ['attached', String(session.attached)],
    ['token', session.jti],
    ['link', session.socket],
  ];
}

export const SESSION: Members<Session> = {
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
};

export const ONE_SESSION: Members<Session> = { session: object('session', SESSION, (session) => session) };
