import { expect, it } from 'vitest';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { Feed } from '../../feed.ts';
import { watch } from './watch.ts';

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

/** Watches texts, of which there are two pages; calls `onPage` while each is read. */
function watchTexts(changes: Feed<string>, signal: AbortSignal, onPage: () => void) {
  const page = async (_: number, pageToken: string) => {
    onPage();
    const isFirst = pageToken === '';
    return { items: [isFirst ? 'one' : 'two'], nextPageToken: isFirst ? 'next' : '', total: 2 };
  };
  const common = { changes, signal, page, changesOnly: false, done: 'done' };
  return watch({ ...common, present: (text: string) => text, changed: (text: string) => text });
}

it('loses no change that happens while what is there is read, and sends it afterwards', async () => {
  const changes = new Feed<string>();
  let change = 0;
  const events = watchTexts(changes, new AbortController().signal, () => {
    change += 1;
    changes.emit(`change ${change}`);
  });
  const seen: unknown[] = [];
  for (let count = 0; count < 5; count += 1) seen.push((await events.next()).value);
  expect(seen).toEqual(['one', 'two', 'done', 'change 1', 'change 2']);
  await events.return(undefined);
  expect(changes.size).toBe(0);
});

it('leaves nothing behind when what is there cannot be read', async () => {
  const changes = new Feed<string>();
  const events = watchTexts(changes, new AbortController().signal, () => {
    throw new Error('unreadable');
  });
  await expect(events.next()).rejects.toThrow('unreadable');
  expect(changes.size).toBe(0);
});

it('reads no further page once its call has ended', async () => {
  const control = new AbortController();
  const changes = new Feed<string>();
  let pages = 0;
  const events = watchTexts(changes, control.signal, () => {
    pages += 1;
  });
  expect((await events.next()).value).toBe('one');
  control.abort();
  while (!(await events.next()).done);
  expect([pages, changes.size]).toEqual([1, 0]);
});
