/** Names the states of links and sessions. */
import { type Link, LinkState } from '../generated/latchkey/v1/link.ts';
import { type Session, SessionState } from '../generated/latchkey/v1/session.ts';
import type { Cell } from './table.ts';

const LINK: Readonly<Record<LinkState, Cell>> = {
  [LinkState.UNSPECIFIED]: { text: 'unknown' },
  [LinkState.READY]: { text: 'ready', style: 'good' },
  [LinkState.RETIRING]: { text: 'retiring', style: 'dim' },
  [LinkState.LOST]: { text: 'lost', style: 'bad' },
};

const SESSION: Readonly<Record<SessionState, string>> = {
  [SessionState.UNSPECIFIED]: 'unknown',
  [SessionState.STARTING]: 'starting',
  [SessionState.RUNNING]: 'running',
  [SessionState.ENDED]: 'ended',
};

export function linkState({ state }: Pick<Link, 'state'>): Cell {
  return LINK[state] ?? LINK[LinkState.UNSPECIFIED];
}

export function sessionWord({ state }: Pick<Session, 'state'>): string {
  return SESSION[state] ?? SESSION[SessionState.UNSPECIFIED];
}

/** Returns a text such as "running", "ended 0" or "ended, status unknown". */
export function sessionState(session: Pick<Session, 'state' | 'exitStatus'>): Cell {
  if (session.state === SessionState.RUNNING) return { text: 'running', style: 'good' };
  if (session.state !== SessionState.ENDED) return { text: sessionWord(session) };
  if (session.exitStatus === undefined) return { text: 'ended, status unknown', style: 'bad' };
  return { text: `ended ${session.exitStatus}`, style: session.exitStatus === 0 ? 'dim' : 'bad' };
}
