import { afterEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../errors.ts';
import { CallsInFlight } from './calls-in-flight.ts';

const HOUR_MS = 3_600_000;
const revoked = new AppError('TOKEN_NOT_ACTIVE', 'revoked');

afterEach(() => {
  vi.useRealTimers();
});

describe('calls in flight', () => {
  test('are aborted once, and removed when they leave', async () => {
    const calls = new CallsInFlight(Date.now);
    const aborted: string[] = [];
    const call = calls.enter('a', Date.now() + HOUR_MS, () => aborted.push('a'));
    const other = calls.enter('b', Date.now() + HOUR_MS, () => aborted.push('b'));
    const first = calls.end(['a'], revoked);
    const second = calls.end(['a', 'never'], revoked);
    expect(aborted).toEqual(['a']);
    call.leave();
    call.leave();
    expect(await Promise.all([first, second])).toEqual([0, 0]);
    other.leave();
    expect(calls.tokens).toBe(0);
    calls[Symbol.dispose]();
  });

  test('that do not leave in time are counted', async () => {
    const calls = new CallsInFlight(Date.now, 20);
    calls.enter('a', Date.now() + HOUR_MS, () => {});
    calls.enter('a', Date.now() + HOUR_MS, () => {});
    expect(await calls.end(['a'], revoked)).toBe(2);
    calls[Symbol.dispose]();
  });

  test('are aborted exactly when their token expires, however far in the future', () => {
    vi.useFakeTimers();
    const calls = new CallsInFlight(Date.now);
    const begun = Date.now();
    const aborted: [string, number, string][] = [];
    const enter = (jti: string, inMs: number): void => {
      const call = calls.enter(jti, begun + inMs, (error) => {
        aborted.push([jti, Date.now() - begun, error.reason]);
        call.leave();
      });
    };
    enter('c', 60 * 24 * HOUR_MS);
    enter('b', 2000);
    enter('a', 1000);
    calls.enter('gone', begun + 500, () => expect.unreachable()).leave();
    vi.advanceTimersByTime(61 * 24 * HOUR_MS);
    expect(aborted).toEqual([
      ['a', 1000, 'TOKEN_EXPIRED'],
      ['b', 2000, 'TOKEN_EXPIRED'],
      ['c', 60 * 24 * HOUR_MS, 'TOKEN_EXPIRED'],
    ]);
    expect(calls.tokens).toBe(0);
  });
});
