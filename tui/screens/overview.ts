/** The overview of the server's activity, for callers who may see everything. */
import type { Client } from '../../src/client/connect/connect.ts';
import type { Login } from '../../src/generated/latchkey/v1/token.ts';
import { picture } from '../overview/picture.ts';
import { type Board, isManager } from '../screen.ts';

/** Most logins listed: more than any terminal shows. */
const MAX_LOGINS = 50;
/** Interval of listing logins, in milliseconds: they change rarely, and the list is expensive. */
const LOGINS_MS = 10_000;

export const overview: Board = {
  kind: 'board',
  name: 'Overview',
  isFor: isManager,
  async *watch(client, signal) {
    let latest: readonly Login[] = [];
    let nextMs = 0;
    for await (const activity of client.system.watchActivity({}, { signal })) {
      if (performance.now() >= nextMs) {
        latest = await latestLogins(client, signal);
        nextMs = performance.now() + LOGINS_MS;
      }
      const overview = { activity, latest };
      yield (frame) => picture(overview, frame);
    }
  },
};

async function latestLogins(client: Client, signal: AbortSignal): Promise<readonly Login[]> {
  const ask = { orderBy: 'newest_issued_at desc', pageSize: MAX_LOGINS };
  return (await client.tokens.listLogins(ask, { signal })).logins;
}
