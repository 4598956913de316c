import { expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { Feed } from '../../feed.ts';

const NONE = { items: [], nextPageToken: '', total: 0 };
const LONGEST = 256;

it('refuses a watch whose filter is longer than any name', async () => {
  const room = { changes: new Feed<never>(), list: async () => NONE };
  await using api = await ServedApi.start({ links: room as never, sessions: room as never });
  await using alice = await api.client(undefined, {
    token: await api.token('alice', { linuxUser: 'alice' }),
  });
  const { tokens, links, sessions } = alice;
  const watches: Record<string, (text: string, changesOnly: boolean) => AsyncIterable<unknown>> = {
    'tokens by text': (text, changesOnly) => tokens.watchTokens({ filter: { text }, changesOnly }),
    'tokens by login': (login, changesOnly) => tokens.watchTokens({ filter: { login }, changesOnly }),
    'links by text': (text, changesOnly) => links.watchLinks({ filter: { text }, changesOnly }),
    'links by user': (linuxUser, changesOnly) => links.watchLinks({ filter: { linuxUser }, changesOnly }),
    'sessions by text': (text, changesOnly) => sessions.watchSessions({ filter: { text }, changesOnly }),
    'sessions by login': (login, changesOnly) => sessions.watchSessions({ filter: { login }, changesOnly }),
  };
  const begun = async (events: AsyncIterable<unknown>): Promise<string> => {
    for await (const _ of events) return 'begun';
    return 'ended';
  };
  const reasonOf = ({ reason }: { reason: string }): string => reason;
  for (const [what, watch] of Object.entries(watches)) {
    for (const changesOnly of [true, false]) {
      const short = begun(watch('x'.repeat(LONGEST), changesOnly));
      const long = begun(watch('x'.repeat(LONGEST + 1), changesOnly)).catch(reasonOf);
      expect([what, await short, await long]).toEqual([what, 'begun', 'INVALID_ARGUMENT']);
    }
  }
});
