import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError } from '../../src/errors.ts';
import type { Change, List, Query } from '../screen.ts';
import type { Event } from '../state/update.ts';
import { Feed } from './feed.ts';

const noServer = { client: undefined as never, reconnect: async () => false };
const COMPLETE: Change = { kind: 'complete' };

/** Runs a feed of these changes; collects its events, and counts how often it asks for rows. */
function feed(watch: (signal: AbortSignal) => AsyncGenerator<Change>, listAgainMs?: number) {
  const events: Event[] = [];
  const seen = { events, asked: 0 };
  const screen: List = {
    kind: 'list',
    name: 'Things',
    rows: 'things',
    columns: [],
    order: undefined,
    searchedFields: '',
    actions: [],
    listAgainMs,
    page: async () => {
      seen.asked += 1;
      return { items: [], nextPageToken: '', total: 0 };
    },
    watch: (_client, _query, signal) => watch(signal),
  };
  const query: Query = { screen, scope: {}, filter: '', order: undefined };
  const opened = new Feed(noServer, query, (event) => events.push(event));
  onTestFinished(() => opened[Symbol.dispose]());
  return seen;
}

describe('a feed', () => {
  it('dispatches many changes at most ten times a second, loses none, and lists much less often', async () => {
    const began = performance.now();
    const seen = feed(async function* storm() {
      yield COMPLETE;
      for (let at = 0; at < 1000; at += 1) {
        yield { kind: 'gone', id: `${at}` };
        if (at % 10 === 0) await delay(10);
      }
      await delay(10_000);
    });
    const told = () =>
      seen.events.flatMap((event) => (event.kind === 'changes' ? [event.changes.length] : []));
    await expect.poll(() => told().reduce((sum, each) => sum + each, 0), { timeout: 20_000 }).toBe(1000);
    const tenths = (performance.now() - began) / 100;
    expect(told().length).toBeLessThanOrEqual(tenths + 1);
    expect(seen.asked).toBeLessThanOrEqual(tenths / 4 + 2);
  });

  it('lists again from time to time without a change, when figures change without one', async () => {
    const seen = feed(async function* quiet() {
      yield COMPLETE;
      await delay(10_000);
    }, 10);
    await expect.poll(() => seen.asked, { timeout: 10_000 }).toBeGreaterThan(2);
  });

  it('reports that the server is lost, retries, and lists again when it is back', async () => {
    let tries = 0;
    const seen = feed(async function* away() {
      tries += 1;
      if (tries < 3) throw new AppError('UNAVAILABLE', 'gone');
      yield COMPLETE;
      await delay(10_000);
    });
    await expect.poll(() => seen.asked).toBe(1);
    const states = seen.events.flatMap((event) =>
      event.kind === 'connection' ? [event.connection.kind] : [],
    );
    expect(states).toEqual(['lost', 'live']);
  });

  it.for([
    ['TOKEN_NOT_ACTIVE', { kind: 'ended', why: expect.stringMatching(/^no more; .*'latchkey login'/) }],
    ['TOKEN_EXPIRED', { kind: 'ended', why: expect.stringMatching(/^no more; .*'latchkey login'/) }],
    ['PERMISSION_DENIED', { kind: 'refused', why: 'no more' }],
    ['INVALID_ARGUMENT', { kind: 'refused', why: 'no more' }],
  ] as const)(
    'stops after an error that a retry cannot fix, and recognises the end of a login: %s',
    async ([reason, connection]) => {
      const seen = feed(async function* ended() {
        yield COMPLETE;
        throw new AppError(reason, 'no more');
      });
      await expect
        .poll(() => seen.events.findLast(({ kind }) => kind === 'connection'))
        .toEqual({ kind: 'connection', connection });
    },
  );
});
