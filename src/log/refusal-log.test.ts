import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

let warned: object[];
const log = {
  debug: () => {},
  warn: (details: object, message: string) => void warned.push({ message, ...details }),
};
beforeEach(() => {
  warned = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('refusals in the log (DESIGN 11)', () => {
  it('are logged once immediately, then as one sum a minute', () => {
    using refusals = new RefusalLog(log);
    for (let n = 0; n < 500; n += 1) refusals.add('call refused', { reason: 'A' }, { n });
    refusals.add('call refused', { reason: 'B' }, { n: 7 });
    const first = { message: 'call refused', reason: 'A', n: 0 };
    expect(warned).toEqual([first, { message: 'call refused', reason: 'B', n: 7 }]);
    vi.advanceTimersByTime(60_000);
    expect(warned.slice(2)).toEqual([{ message: 'call refused, repeated', reason: 'A', more: 499 }]);
    refusals.add('call refused', { reason: 'A' }, { n: 1 });
    refusals.add('call refused', { reason: 'B' }, { n: 1 });
    expect(warned.slice(3)).toEqual([{ message: 'call refused', reason: 'B', n: 1 }]);
    vi.advanceTimersByTime(60_000);
    expect(warned.slice(4)).toEqual([{ message: 'call refused, repeated', reason: 'A', more: 1 }]);
    vi.advanceTimersByTime(120_000);
    expect(vi.getTimerCount()).toBe(0);
    refusals.add('call refused', { reason: 'A' }, { n: 0 });
    expect(warned.at(-1)).toEqual(first);
  });

  it('are logged one by one where others limit their number', () => {
    const seen: string[] = [];
    using refusals = new RefusalLog(log, { onRefusal: (message) => void seen.push(message) });
    for (let n = 0; n < 3; n += 1) refusals.addEach('login refused', { reason: 'A' }, { n });
    expect(warned).toEqual([0, 1, 2].map((n) => ({ message: 'login refused', reason: 'A', n })));
    expect(seen).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('use bounded memory, however many kinds there are', () => {
    using refusals = new RefusalLog(log, { maxKinds: 10 });
    for (let n = 0; n < 1000; n += 1) refusals.add('call refused', { name: `user ${n}` }, {});
    expect(warned).toHaveLength(11);
    vi.advanceTimersByTime(60_000);
    expect(warned.slice(11)).toEqual([
      { message: 'call refused, repeated', others: 'of other kinds', more: 989 },
    ]);
  });

  it('are logged as a sum when the daemon stops', () => {
    const refusals = new RefusalLog(log);
    for (let n = 0; n < 3; n += 1) refusals.add('call refused', {}, {});
    refusals[Symbol.dispose]();
    expect(warned.at(-1)).toEqual({ message: 'call refused, repeated', more: 2 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
