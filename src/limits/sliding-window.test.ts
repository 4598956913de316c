import { expect, it } from 'vitest';
import { SlidingWindow } from './sliding-window.ts';

it('allows a limited number of events in any period, and does not count refused ones', () => {
  const window = new SlidingWindow<string>(2, 1_000);
  const taken = [0, 900, 999, 1_000, 1_899, 1_900].map((nowMs) => window.take('a', nowMs));
  expect(taken).toEqual([true, true, false, true, false, true]);
});

it('counts each key separately, and stores nothing for a key without recent events', () => {
  const window = new SlidingWindow<string>(1, 1_000);
  expect(window.take('a', 0)).toBe(true);
  expect(window.take('b', 500)).toBe(true);
  expect(window.take('a', 500)).toBe(false);
  expect(window.size).toBe(2);
  window.take('b', 1_000);
  expect(window.size).toBe(1);
});
