/** A link in a table and as JSON. */
import { type Link, LinkState } from '../generated/latchkey/v1/link.ts';
import type { Column, Style } from '../terminal/table.ts';
import { iso } from './json.ts';
import type { Output, Value } from './output.ts';

export const LINK_COLUMNS: readonly Column[] = [
  { title: 'LINK' },
  { title: 'USER', shrinks: true },
  { title: 'KIND', optional: true },
  { title: 'STATE' },
  { title: 'PID', optional: true },
  { title: 'SESSIONS' },
  { title: 'SINCE', optional: true },
];

const STATES: Readonly<Record<LinkState, { word: string; style?: Style }>> = {
  [LinkState.UNSPECIFIED]: { word: 'unknown' },
  [LinkState.READY]: { word: 'ready', style: 'good' },
  [LinkState.RETIRING]: { word: 'retiring', style: 'dim' },
  [LinkState.LOST]: { word: 'lost', style: 'bad' },
};

export function linkRow(out: Output, link: Link): Value[] {
  const { word, ...style } = STATES[link.state] ?? STATES[LinkState.UNSPECIFIED];
  return [
    link.socket,
    link.linuxUser,
    link.daemon ? 'daemon' : 'link',
    { text: word, ...style },
    String(link.pid),
    String(link.sessions),
    out.time(link.createdAt),
  ];
}

/** Stable: fields are added, never renamed or dropped. */
export function linkJson(link: Link): object {
  return {
    socket: link.socket,
    linuxUser: link.linuxUser,
    uid: link.uid,
    pid: link.pid,
    daemon: link.daemon,
    jti: link.jti,
    state: (STATES[link.state] ?? STATES[LinkState.UNSPECIFIED]).word,
    createdAt: iso(link.createdAt),
    sessions: link.sessions,
    version: link.version,
  };
}
