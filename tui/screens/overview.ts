/** The overview of the server's activity, for callers who may see everything. */
import type { Client } from '../../src/client/connect/connect.ts';
import type { Login } from '../../src/generated/latchkey/v1/token.ts';
import { picture } from '../overview/picture.ts';
import type { Board } from '../screen.ts';

/** Most logins listed: more than any terminal shows. */
const PEOPLE = 50;
/** Interval of listing logins, in milliseconds: they change rarely, and are expensive for the server. */
const PEOPLE_MS = 10_000;

export const overview: Board = {
  kind: 'board',
  name: 'Overview',
  isFor: ({ role }) => role === 'manager' || role === 'admin',
  async *watch(client, signal) {
    let people: readonly Login[] = [];
    let nextMs = 0;
    for await (const activity of client.system.watchActivity({}, { signal })) {
      if (performance.now() >= nextMs) {
        people = await latest(client, signal);
        nextMs = performance.now() + PEOPLE_MS;
      }
      const overview = { activity, people };
      yield (frame) => picture(overview, frame);
    }
  },
};

async function latest(client: Client, signal: AbortSignal): Promise<readonly Login[]> {
  const ask = { orderBy: 'newest_issued_at desc', pageSize: PEOPLE };
  return (await client.tokens.listLogins(ask, { signal })).logins;
}
