/** A session in a table, on its own, and as JSON. */
import { type Session, SessionState } from '../generated/latchkey/v1/session.ts';
import { shellWords } from '../terminal/shell-words.ts';
import { sessionState, sessionWord } from '../terminal/state-words.ts';
import type { Column } from '../terminal/table.ts';
import { iso, orNull } from './json.ts';
import type { Output, Value } from './output.ts';

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

/** Stable: fields are added, never renamed or dropped. */
export function sessionJson(session: Session): object {
  return {
    id: session.id,
    login: session.login,
    linuxUser: session.linuxUser,
    command: session.command,
    directory: orNull(session.directory),
    state: sessionWord(session),
    startedAt: iso(session.startedAt),
    endedAt: iso(session.endedAt),
    exitStatus: session.exitStatus ?? null,
    jti: session.jti,
    socket: orNull(session.socket),
    attached: session.attached,
  };
}
