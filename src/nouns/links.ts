/** The noun `links`: processes that run programs as their Linux user. */
import { type Link, type LinkFilter, LinkState } from '../generated/latchkey/v1/link.ts';
import { boolean, integer, string, timeOrNull } from '../terminal/json.ts';
import { linkState } from '../terminal/state-words.ts';
import { changesOf, type PrintedNoun, type Selection } from './noun.ts';

export const links: PrintedNoun<Link> = {
  one: 'link',
  many: 'links',
  id: ({ socket }) => socket,
  hint: ({ linuxUser }) => linuxUser,
  columns: [
    { title: 'LINK', order: 'socket', value: ({ socket }) => socket },
    { title: 'USER', order: 'linux_user', shrinks: true, value: ({ linuxUser }) => linuxUser },
    { title: 'KIND', order: 'daemon', optional: true, value: kindOf },
    { title: 'STATE', order: 'state', value: linkState },
    { title: 'PID', order: 'pid', optional: true, value: ({ pid }) => String(pid) },
    { title: 'SESSIONS', order: 'sessions', value: ({ sessions }) => String(sessions) },
    { title: 'STARTED', order: 'created_at', optional: true, value: ({ createdAt }) => createdAt },
  ],
  otherOrders: ['version'],
  fields: ({ linuxUser, jti, ...link }) => [
    { name: 'link', value: link.socket },
    { name: 'Linux user', value: linuxUser, reference: { to: 'sessions', text: linuxUser } },
    { name: 'uid', value: String(link.uid) },
    { name: 'pid', value: String(link.pid) },
    { name: 'kind', value: kindOf(link) },
    { name: 'state', value: linkState(link) },
    { name: 'sessions', value: String(link.sessions) },
    { name: 'started', value: link.createdAt },
    { name: 'token', value: jti, reference: { to: 'tokens', text: jti } },
    { name: 'version', value: link.version },
  ],
  members: {
    socket: string('id: the base name of its socket', ({ socket }) => socket),
    linuxUser: string('Linux user that it runs as', ({ linuxUser }) => linuxUser),
    uid: integer('uid of that user', ({ uid }) => uid),
    pid: integer('process id', ({ pid }) => pid),
    daemon: boolean('true for a link daemon', ({ daemon }) => daemon),
    jti: string('id of its token', ({ jti }) => jti),
    state: string('ready, retiring, lost or unknown', (link) => linkState(link).text),
    createdAt: timeOrNull('time when it was registered', ({ createdAt }) => createdAt),
    sessions: integer('number of its sessions', ({ sessions }) => sessions),
    version: string('version of Latchkey that it runs', ({ version }) => version),
  },
  searchedFields: 'link, Linux user, state, version or token',
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const request = { filter: filterOf(selection), orderBy, ...ask };
    const page = await client.links.listLinks(request, signal && { signal });
    return { ...page, items: page.links, total: page.totalSize };
  },
  watch: (client, selection, { signal, changesOnly }) => {
    const request = { filter: filterOf(selection), changesOnly };
    return changesOf(client.links.watchLinks(request, signal && { signal }), 'link', 'removedSocket');
  },
};

function filterOf({ linuxUser = '', text = '' }: Selection): LinkFilter {
  return { linuxUser, state: LinkState.UNSPECIFIED, text };
}

function kindOf({ daemon }: Pick<Link, 'daemon'>): string {
  return daemon ? 'link-daemon' : 'link';
}
