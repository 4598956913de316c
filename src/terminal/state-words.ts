/** Words for the values of the API's enums: states of links and sessions, roles, login methods. */
import { constants } from 'node:os';
import { Role } from '../generated/latchkey/v1/auth.ts';
import { ErrorReason } from '../generated/latchkey/v1/error.ts';
import { type Link, LinkState } from '../generated/latchkey/v1/link.ts';
import { type Exited, type Session, SessionState } from '../generated/latchkey/v1/session.ts';
import { RefusalKind } from '../generated/latchkey/v1/system.ts';
import { AuthMethod } from '../generated/latchkey/v1/token.ts';
import { enumWord } from '../values/enum-word.ts';
import type { Cell, Style } from './table.ts';

/** The word for a value that this version does not know. */
const UNKNOWN = 'unknown';

/** Added to the number of the signal that ended a program. */
const SIGNALLED = 128;

const LINK_STYLES: Partial<Record<LinkState, Style>> = {
  [LinkState.READY]: 'good',
  [LinkState.RETIRING]: 'dim',
  [LinkState.LOST]: 'bad',
};

export function linkState({ state }: Pick<Link, 'state'>): Cell {
  const style = LINK_STYLES[state];
  return { text: enumWord(LinkState, state) ?? UNKNOWN, ...(style !== undefined && { style }) };
}

export function sessionWord({ state }: Pick<Session, 'state'>): string {
  return enumWord(SessionState, state) ?? UNKNOWN;
}

/** Returns "ssh", "link-daemon". */
export function methodWord(method: AuthMethod): string {
  return enumWord(AuthMethod, method) ?? UNKNOWN;
}

/** Returns "call", "login", "connection" or "handshake". */
export function refusalWord(kind: RefusalKind): string {
  return enumWord(RefusalKind, kind) ?? UNKNOWN;
}

/** Returns "admin", "manager" or "user". */
export function roleWord(role: Role): string {
  return enumWord(Role, role) ?? UNKNOWN;
}

/** Returns the name of a reason, "TOKEN_EXPIRED"; '' when there is none. */
export function reasonName(reason: ErrorReason): string {
  if (reason === ErrorReason.UNSPECIFIED) return '';
  return Object.entries(ErrorReason).find(([, value]) => value === reason)?.[0] ?? `reason ${reason}`;
}

/** Returns a text such as "running", "ended 0", "ended, status unknown" or "running, cordoned". */
export function sessionState(session: Pick<Session, 'state' | 'exitStatus' | 'cordon'>): Cell {
  const state = uncordonedState(session);
  return session.cordon === undefined ? state : { text: `${state.text}, cordoned`, style: 'bad' };
}

function uncordonedState(session: Pick<Session, 'state' | 'exitStatus'>): Cell {
  if (session.state === SessionState.RUNNING) return { text: 'running', style: 'good' };
  if (session.state !== SessionState.ENDED) return { text: sessionWord(session) };
  if (session.exitStatus === undefined) return { text: 'ended, status unknown', style: 'bad' };
  return { text: `ended ${session.exitStatus}`, style: session.exitStatus === 0 ? 'dim' : 'bad' };
}

/** Returns a text such as "ended with status 7" or "ended with status 143 (SIGTERM)". */
export function exitText({ exitStatus }: Exited): Cell {
  if (exitStatus === undefined) return { text: 'ended, status unknown', style: 'bad' };
  const [signal] =
    Object.entries(constants.signals).find(([, number]) => number === exitStatus - SIGNALLED) ?? [];
  const why = signal === undefined ? '' : ` (${signal})`;
  return { text: `ended with status ${exitStatus}${why}`, style: exitStatus === 0 ? 'dim' : 'bad' };
}
