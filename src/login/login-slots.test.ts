import { describe, expect, it } from 'vitest';
import { LoginSlots } from './login-slots.ts';

const NUMBERS = { total: 2, perSource: 1, queueMs: 50, maxQueued: 1 };
const going = new AbortController().signal;

describe('logins at once', () => {
  it('are bounded in all and for each source; who waits gets the next place', async () => {
    const places = new LoginSlots(NUMBERS);
    const first = await places.take('a', going);
    using _second = await places.take('b', going);
    const third = places.take('c', going);
    await expect(places.take('d', going)).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    first[Symbol.dispose]();
    first[Symbol.dispose](); // gives back one place
    using _third = await third;
    expect(places.isBusy('d')).toBe(true);
  });

  it('passes over a source that has its share already', async () => {
    const places = new LoginSlots({ ...NUMBERS, maxQueued: 2, queueMs: 5_000 });
    using _a = await places.take('a', going);
    const b = await places.take('b', going);
    const again = new AbortController();
    const second = places.take('a', again.signal);
    const other = places.take('c', going);
    b[Symbol.dispose]();
    using _c = await other;
    again.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
  });

  it('are refused when no place gets free in time', async () => {
    const places = new LoginSlots({ ...NUMBERS, total: 1 });
    using _ = await places.take('a', going);
    await expect(places.take('b', going)).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });
});
