/** A link in a table and as JSON. */
import type { Link } from '../../generated/latchkey/v1/link.ts';
import { boolean, integer, type Members, string, timeOrNull } from '../../terminal/json.ts';
import type { Output, Value } from '../../terminal/output.ts';
import { linkState } from '../../terminal/state-words.ts';
import type { Column } from '../../terminal/table.ts';

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

export const LINK: Members<Link> = {
  socket: string('its id, which is the name of its socket', ({ socket }) => socket),
  linuxUser: string('who it runs as', ({ linuxUser }) => linuxUser),
  uid: integer('the same as a number', ({ uid }) => uid),
  pid: integer('its process', ({ pid }) => pid),
  daemon: boolean('whether it is a link daemon', ({ daemon }) => daemon),
  jti: string('its token', ({ jti }) => jti),
  state: string('ready, retiring, lost or unknown', (link) => linkState(link).text),
  createdAt: timeOrNull('since when it is there', ({ createdAt }) => createdAt),
  sessions: integer('how many sessions run through it', ({ sessions }) => sessions),
  version: string('the version of its program', ({ version }) => version),
};
