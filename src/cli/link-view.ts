/** A link in a table and as JSON. */
import type { Link } from '../generated/latchkey/v1/link.ts';
import { linkState } from '../terminal/state-words.ts';
import type { Column } from '../terminal/table.ts';
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

export function linkRow(out: Output, link: Link): Value[] {
  return [
    link.socket,
    link.linuxUser,
    link.daemon ? 'daemon' : 'link',
    linkState(link),
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
    state: linkState(link).text,
    createdAt: iso(link.createdAt),
    sessions: link.sessions,
    version: link.version,
  };
}
