/** The processes that run programs as their users. */
import type { Link } from '../../src/generated/latchkey/v1/link.ts';
import { linkState } from '../../src/terminal/state-words.ts';
import { type List, orderBy, type Query, type Row } from '../screen.ts';

export const links: List = {
  kind: 'list',
  name: 'Links',
  rows: 'links',
  columns: [
    { title: 'LINK', order: 'socket', shrinks: true },
    { title: 'USER', order: 'linux_user', shrinks: true },
    { title: 'KIND', order: 'daemon', optional: true },
    { title: 'STATE', order: 'state' },
    { title: 'PID', order: 'pid', optional: true },
    { title: 'SESSIONS', order: 'sessions' },
    { title: 'SINCE', order: 'created_at', optional: true },
  ],
  order: { by: 'created_at', descending: true },
  filters: 'link, Linux user, state, version or token',
  page: async (client, { query, pageSize, pageToken, signal }) => {
    const ask = { ...filterOf(query), orderBy: orderBy(query), pageSize, pageToken };
    const page = await client.links.listLinks(ask, { signal });
    return { ...page, items: page.links.map(linkRow) };
  },
  async *watch(client, query, signal) {
    const request = { ...filterOf(query), changesOnly: true };
    for await (const { event } of client.links.watchLinks(request, { signal })) {
      if (event?.$case === 'link') yield { kind: 'there', row: linkRow(event.value) };
      if (event?.$case === 'removedSocket') yield { kind: 'gone', id: event.value };
      if (event?.$case === 'snapshotDone') yield { kind: 'begun' };
    }
  },
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'stop',
      consequence: 'Programs with a terminal end with their link.',
      endsTokensBy: 'socket',
      atOnce: 1,
      act: (client, [socket = '']) => client.links.stopLink({ socket }),
    },
  ],
};

function filterOf({ scope, filter }: Query): { linuxUser: string; text: string } {
  return { linuxUser: scope.linuxUser ?? '', text: filter };
}

function linkRow(link: Link): Row {
  const { socket, linuxUser } = link;
  const kind = link.daemon ? 'daemon' : 'link';
  return {
    id: socket,
    title: `link ${socket} of ${linuxUser}`,
    cells: [
      socket,
      linuxUser,
      kind,
      linkState(link),
      String(link.pid),
      String(link.sessions),
      link.createdAt,
    ],
    fields: [
      { name: 'link', value: socket },
      { name: 'Linux user', value: linuxUser, lead: { screen: 'Sessions', scope: {}, filter: linuxUser } },
      { name: 'uid', value: String(link.uid) },
      { name: 'pid', value: String(link.pid) },
      { name: 'kind', value: kind },
      { name: 'state', value: linkState(link) },
      { name: 'sessions', value: String(link.sessions) },
      { name: 'since', value: link.createdAt },
      { name: 'token', value: link.jti, lead: { screen: 'Tokens', scope: {}, filter: link.jti } },
      { name: 'version', value: link.version },
    ],
  };
}
