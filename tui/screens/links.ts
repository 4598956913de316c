/** The processes that run programs as their users. The server picks them by Linux user alone, and has one order. */
import type { Link } from '../../src/generated/latchkey/v1/link.ts';
import { linkState } from '../../src/terminal/state-words.ts';
import type { List, Query, Row } from '../screen.ts';

export const links: List = {
  kind: 'list',
  name: 'Links',
  rows: 'links',
  columns: [
    { title: 'LINK', shrinks: true },
    { title: 'USER', shrinks: true },
    { title: 'KIND', optional: true },
    { title: 'STATE' },
    { title: 'PID', optional: true },
    { title: 'SESSIONS' },
    { title: 'SINCE', optional: true },
  ],
  order: undefined,
  filters: 'the whole name of a Linux user',
  page: async (client, { query, pageSize, pageToken, signal }) => {
    const page = await client.links.listLinks({ linuxUser: userOf(query), pageSize, pageToken }, { signal });
    return { rows: page.links.map(linkRow), next: page.nextPageToken, total: page.total };
  },
  async *watch(client, query, signal) {
    const request = { linuxUser: userOf(query), changesOnly: true };
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

function userOf({ scope, filter }: Query): string {
  return filter === '' ? (scope.linuxUser ?? '') : filter;
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
