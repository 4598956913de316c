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

/**
 * Returns a text such as "running", "ended 0", "ended, status unknown", "ended 137, out of memory",
 * "running, idle" or "running, cordoned".
 */
export function sessionState(
  session: Pick<Session, 'state' | 'exitStatus' | 'cordon'> & Partial<Pick<Session, 'oomKills' | 'idle'>>,
): Cell {
  const { text, style } = simpleState(session);
  const more = [session.oomKills ? 'out of memory' : [], session.cordon ? 'cordoned' : []].flat();
  if (more.length > 0) return { text: [text, ...more].join(', '), style: 'bad' };
  if (session.idle !== undefined) return { text: `${text}, idle`, style: 'dim' };
  return { text, ...(style !== undefined && { style }) };
}

function simpleState(session: Pick<Session, 'state' | 'exitStatus'>): Cell {
  if (session.state === SessionState.RUNNING) return { text: 'running', style: 'good' };
  if (session.state !== SessionState.ENDED) return { text: sessionWord(session) };
  if (session.exitStatus === undefined) return { text: 'ended, status unknown', style: 'bad' };
  return { text: `ended ${session.exitStatus}`, style: session.exitStatus === 0 ? 'dim' : 'bad' };
}

/** Returns "the kernel killed 2 of its processes: out of memory"; undefined when none are known. */
export function oomKillsText({ oomKills = 0 }: Partial<Pick<Session, 'oomKills'>>): string | undefined {
  if (oomKills === 0) return undefined;
  return `the kernel killed ${oomKills} of its processes: out of memory`;
}

/**
 * Returns a text such as "ended with status 7", "ended with status 143 (SIGTERM)" or "ended with status 137
 * (SIGKILL); the kernel killed 1 of its processes: out of memory".
 */
export function exitText(exited: Exited): Cell {
  const { text, style } = statusText(exited);
  const why = oomKillsText(exited);
  return why === undefined ? { text, style } : { text: `${text}; ${why}`, style: 'bad' };
}

function statusText({ exitStatus }: Exited): { text: string; style: Style } {
  if (exitStatus === undefined) return { text: 'ended, status unknown', style: 'bad' };
  const [signal] =
    Object.entries(constants.signals).find(([, number]) => number === exitStatus - SIGNALLED) ?? [];
  const why = signal === undefined ? '' : ` (${signal})`;
  return { text: `ended with status ${exitStatus}${why}`, style: exitStatus === 0 ? 'dim' : 'bad' };
}
