import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TokenChange } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import { Activity } from './activity.ts';

const EVERY_MS = 2_000;
const changes = new Feed<TokenChange>();
let measured: number;
let failing: boolean;

function open(): Activity {
  measured = 0;
  failing = false;
  const usage = async () => {
    measured += 1;
    if (failing) throw new AppError('STORE_UNAVAILABLE', 'the database is unavailable');
    return { top: [], links: 3, measured: 0, cpuShare: 0, memoryBytes: 0, sessions: 7 };
  };
  return new Activity({
    authority: { changes, count: async () => ({ tokens: 5, logins: 2 }) },
    links: { usage },
    sessions: { list: async () => ({ items: [], nextPageToken: '', total: 4 }) },
    now: Date.now,
  });
}

const claims = (authMethod: AuthMethodName): TokenClaims => ({
  sub: 'alice',
  iss: 'here',
  jti: 'j',
  iat: 1,
  exp: 2,
  authMethod,
});

describe('activity snapshots', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('are taken at once and every two seconds, once for all watchers (X7)', async () => {
    using activity = open();
    const stopping = new AbortController();
    const one = activity.watch(stopping.signal);
    const other = activity.watch(stopping.signal);
    const firsts = await Promise.all([one.next(), other.next()]);
    expect(firsts[0].value).toMatchObject({ tokens: 5, logins: 2, links: 3, sessions: 4 });
    expect(firsts[0].value?.server).toMatchObject({ pid: process.pid, cpuShare: undefined });
    expect(firsts[0].value?.server.memoryBytes).toBeGreaterThan(10_000_000);
    expect(firsts[1].value).toBe(firsts[0].value);
    const next = Promise.all([one.next(), other.next()]);
    await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
    expect(measured).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    const [second] = await next;
    expect(measured).toBe(2);
    expect(second.value?.server.cpuShare).toBeGreaterThanOrEqual(0);
    const last = [one.next(), other.next()];
    stopping.abort();
    expect(await Promise.all(last)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  test('are not taken when nobody watches, and the next watcher gets a fresh one', async () => {
    using activity = open();
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(measured).toBe(0);
    const first = activity.watch(new AbortController().signal);
    await first.next();
    await first.return(undefined);
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect([measured, vi.getTimerCount()]).toEqual([1, 0]);
    activity.called();
    const second = activity.watch(new AbortController().signal);
    expect((await second.next()).value?.minutes.at(-1)?.calls).toBe(1);
    await second.return(undefined);
  });

  test('are skipped for a slow watcher, and never queue up', async () => {
    using activity = open();
    const watching = activity.watch(new AbortController().signal);
    await watching.next();
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(measured).toBe(11);
    const { value } = await watching.next();
    expect(value?.atMs).toBe(Date.now());
    const pending = watching.next();
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect((await pending).value?.atMs).toBe(Date.now());
    await watching.return(undefined);
  });

  test('fail with the original error, and can be watched again', async () => {
    using activity = open();
    failing = true;
    await expect(activity.watch(new AbortController().signal).next()).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    failing = false;
    const again = activity.watch(new AbortController().signal);
    expect((await again.next()).value).toMatchObject({ tokens: 5 });
    await again.return(undefined);
  });

  test('count logins, calls, revocations and refusals, and nothing else', async () => {
    using activity = open();
    for (const authMethod of ['link', 'ssh', 'link-daemon', 'local'] as const)
      changes.emit({ kind: 'added', claims: claims(authMethod) });
    changes.emit({ kind: 'changed', claims: claims('link') });
    for (const why of ['revoked', 'logout', 'expired', 'link-ended', 'replaced'] as const)
      changes.emit({ kind: 'removed', claims: claims('link'), why });
    for (let call = 0; call < 3; call += 1) activity.called();
    activity.refused('call refused', { reason: 'NOT_FOUND' });
    const watching = activity.watch(new AbortController().signal);
    const { value } = await watching.next();
    expect(value?.minutes.at(-1)).toMatchObject({ logins: 2, calls: 3, revocations: 2, refusals: 1 });
    expect(value?.refusals).toMatchObject([{ message: 'call refused', reason: 'NOT_FOUND' }]);
    await watching.return(undefined);
  });
});
