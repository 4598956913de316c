import { describe, expect, it } from 'vitest';
import { Feed } from './feed.ts';

const MOST_WAITING = 10_000;
const never = new AbortController().signal;

/** Reads the next `count` events of a watcher. */
async function take<Event>(events: AsyncIterator<Event>, count: number): Promise<Event[]> {
  const taken: Event[] = [];
  while (taken.length < count) taken.push((await events.next()).value as Event);
  return taken;
}

describe('a watcher of a feed', () => {
  it('gets each event from its subscription on, in order', async () => {
    const feed = new Feed<number>();
    feed.emit(0);
    const early = feed.subscribe(never);
    feed.emit(1);
    const late = feed.subscribe(never);
    feed.emit(2);
    expect(await take(early, 2)).toEqual([1, 2]);
    const next = early.next();
    feed.emit(3);
    expect((await next).value).toBe(3);
    expect(await take(late, 2)).toEqual([2, 3]);
  });

  it('is dropped when 10,000 events wait for it and another comes, and nobody else is', async () => {
    const feed = new Feed<number>();
    const slow = feed.subscribe(never);
    const full = feed.subscribe(never);
    const events = Array.from({ length: MOST_WAITING }, (_, at) => at);
    for (const event of events) feed.emit(event);
    expect(await take(full, MOST_WAITING)).toEqual(events);
    feed.emit(MOST_WAITING);
    await expect(slow.next()).rejects.toMatchObject({ reason: 'SLOW_READER' });
    expect(await take(full, 1)).toEqual([MOST_WAITING]);
    expect(feed.size).toBe(1);
  });

  it('is forgotten when it is not wanted any more, also before its first event', async () => {
    const feed = new Feed<number>();
    const unread = feed.subscribe(never);
    await unread.return?.();
    const read = feed.subscribe(never);
    feed.emit(1);
    for await (const _ of read) break;
    expect(feed.size).toBe(0);
    expect((await unread.next()).done).toBe(true);
  });

  it('ends when its signal aborts, before or after it has subscribed', async () => {
    const feed = new Feed<number>();
    const control = new AbortController();
    const waiting = feed.subscribe(control.signal);
    const next = waiting.next();
    control.abort();
    expect((await next).done).toBe(true);
    expect((await feed.subscribe(control.signal).next()).done).toBe(true);
    expect(feed.size).toBe(0);
  });
});

it('a listener is called with each event at once, until it is disposed of', () => {
  const feed = new Feed<number>();
  const heard: number[] = [];
  {
    using _ = feed.listen((event) => void heard.push(event));
    feed.emit(1);
    expect(heard).toEqual([1]);
  }
  feed.emit(2);
  expect(heard).toEqual([1]);
});
