import { expect, it } from 'vitest';
import { Slots } from './slots.ts';

const FULL = expect.objectContaining({ reason: 'LIMIT_EXCEEDED', message: 'no more' });

it('limits each key independently of others', () => {
  const slots = new Slots<string>(2, 'no more');
  slots.take('a');
  expect(slots.isFull('a')).toBe(false);
  slots.take('a');
  expect(slots.isFull('a')).toBe(true);
  expect(() => slots.take('a')).toThrow(FULL);
  expect(slots.isFull('b')).toBe(false);
  slots.take('b');
});

it('releases a slot once, however often it is disposed of', () => {
  const slots = new Slots<string>(2, 'no more');
  const [first] = [slots.take('a'), slots.take('a')];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  slots.take('a');
  expect(() => slots.take('a')).toThrow(FULL);
});

it('takes several slots at once, or none of them', () => {
  const slots = new Slots<string>(100, 'no more');
  const most = slots.take('a', 60);
  expect(() => slots.take('a', 41)).toThrow(FULL);
  slots.take('a', 40);
  most[Symbol.dispose]();
  slots.take('a', 60);
});

it('stores nothing for a key without slots', () => {
  const slots = new Slots<number>(2, 'no more');
  const taken = [1, 1, 2].map((key) => slots.take(key));
  expect(slots.size).toBe(2);
  for (const slot of taken) slot[Symbol.dispose]();
  expect(() => slots.take(3, 5)).toThrow();
  expect(slots.size).toBe(0);
});
