import { describe, expect, it } from 'vitest';
import { LoginSlots } from './login-slots.ts';

const NUMBERS = { total: 2, perSource: 1, queueMs: 50, maxQueued: 1 };
const going = new AbortController().signal;

describe('concurrent logins', () => {
  it('are limited in total and for each source; a queued one gets the next free slot', async () => {
    const slots = new LoginSlots(NUMBERS);
    const first = await slots.take('a', going);
    using _second = await slots.take('b', going);
    const third = slots.take('c', going);
    await expect(slots.take('d', going)).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    first[Symbol.dispose]();
    first[Symbol.dispose](); // releases one slot
    using _third = await third;
    expect(slots.isBusy('d')).toBe(true);
  });

  it('are served in order, except for a source that already has its limit', async () => {
    const slots = new LoginSlots({ ...NUMBERS, maxQueued: 2, queueMs: 5_000 });
    using _a = await slots.take('a', going);
    const b = await slots.take('b', going);
    const again = new AbortController();
    const second = slots.take('a', again.signal);
    const other = slots.take('c', going);
    b[Symbol.dispose]();
    using _c = await other;
    again.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
  });

  it('take no slot and no place in the queue once they have given up waiting', async () => {
    const limits = { total: 2, perSource: 2, queueMs: 50, maxQueued: 2 };
    const slots = new LoginSlots(limits);
    const held = await Promise.all(['a', 'b'].map((source) => slots.take(source, going)));
    const left = new AbortController();
    const waiting = [slots.take('left', left.signal), slots.take('late', going)];
    left.abort(new Error('gone'));
    const ends = await Promise.allSettled(waiting);
    expect(ends).toMatchObject([
      { reason: { message: 'gone' } },
      { reason: { reason: 'LIMIT_EXCEEDED' } }, // its time was over
    ]);
    const queued = Array.from({ length: limits.maxQueued }, () => slots.take('next', going));
    for (const slot of held) slot[Symbol.dispose]();
    const taken = await Promise.all(queued);
    expect(taken).toHaveLength(limits.total);
    for (const slot of taken) slot[Symbol.dispose]();
    const again = Array.from({ length: limits.total }, () => slots.take('again', going));
    expect(await Promise.all(again)).toHaveLength(limits.total);
  });

  it('are refused when no slot becomes free in time', async () => {
    const slots = new LoginSlots({ ...NUMBERS, total: 1 });
    using _ = await slots.take('a', going);
    await expect(slots.take('b', going)).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });
});
