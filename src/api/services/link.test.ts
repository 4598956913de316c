import { expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { Feed } from '../../feed.ts';
import type { LinkChange, LinkInfo } from '../../supervisor/link-info.ts';
import { type LinkQuery, pageOfLinks } from '../../supervisor/listing.ts';

const link = (linuxUser: string, change: Partial<LinkInfo> = {}): LinkInfo => ({
  socket: `${linuxUser}.sock`,
  uid: 1000,
  linuxUser,
  jti: `of-${linuxUser}`,
  daemon: true,
  pid: 7,
  state: 'ready',
  version: '0.1.0',
  createdAtMs: 1,
  sessions: 0,
  ...change,
});

it("lists and watches links that match a text, one's own or everyone's (X7)", async () => {
  const changes = new Feed<LinkChange>();
  const there = [link('lola'), link('lily', { state: 'lost', sessions: 3 })];
  const links = { changes, list: async (query: LinkQuery) => pageOfLinks(there, query) };
  await using api = await ServedApi.start({ links: links as never, managers: ['max'] });
  await using max = await api.client('max');
  await using lola = await api.client(undefined, { token: await api.token('lola', { linuxUser: 'lola' }) });
  const sockets = async (client: typeof max, query: object): Promise<string[]> =>
    (await client.links.listLinks(query)).links.map(({ socket }) => socket);
  expect(await sockets(max, { orderBy: 'sessions desc' })).toEqual(['lily.sock', 'lola.sock']);
  expect(await sockets(max, { filter: { text: 'LOST' } })).toEqual(['lily.sock']);
  expect(await sockets(max, { filter: { linuxUser: 'lola', text: 'lost' } })).toEqual([]);
  expect(await sockets(lola, { filter: { text: 'sock' } })).toEqual(['lola.sock']);
  expect(await sockets(lola, { filter: { text: 'lily' } })).toEqual([]);

  const events = max.links.watchLinks({ filter: { text: 'lost' } })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => (await events.next()).value?.event;
  expect(await next()).toMatchObject({ $case: 'link', value: { socket: 'lily.sock' } });
  expect(await next()).toMatchObject({ $case: 'snapshotDone' });
  changes.emit({ kind: 'changed', link: link('lily') });
  expect(await next()).toEqual({ $case: 'removedSocket', value: 'lily.sock' });
  changes.emit({ kind: 'changed', link: link('lola', { state: 'lost' }) });
  expect(await next()).toMatchObject({ $case: 'link', value: { socket: 'lola.sock' } });
  changes.emit({ kind: 'removed', link: link('lola', { state: 'lost' }) });
  expect(await next()).toEqual({ $case: 'removedSocket', value: 'lola.sock' });
  await events.return?.();
});

it('registers links under the uid that the kernel reports (F22)', async () => {
  const registered: unknown[] = [];
  const register = async (request: unknown, uid: number) => {
    registered.push([request, uid]);
    return { jti: 'made' };
  };
  await using api = await ServedApi.start({ links: { register } as never });
  await using client = await api.client();
  const request = { socket: 's', daemon: true, sessionId: 'x' };
  expect(await client.links.registerLink(request)).toEqual({ jti: 'made' });
  expect(registered).toEqual([[request, process.getuid?.()]]);
});
