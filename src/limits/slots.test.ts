import { expect, it } from 'vitest';
import { Slots } from './slots.ts';

const FULL = expect.objectContaining({ reason: 'LIMIT_EXCEEDED', message: 'no more' });

it('gives each key so many, and no other one fewer for it', () => {
  const slots = new Slots<string>(2, 'no more');
  slots.take('a');
  expect(slots.isFull('a')).toBe(false);
  slots.take('a');
  expect(slots.isFull('a')).toBe(true);
  expect(() => slots.take('a')).toThrow(FULL);
  expect(slots.isFull('b')).toBe(false);
  slots.take('b');
});

it('takes a slot back once, however often it is disposed of', () => {
  const slots = new Slots<string>(2, 'no more');
  const [first] = [slots.take('a'), slots.take('a')];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  slots.take('a');
  expect(() => slots.take('a')).toThrow(FULL);
});

it('gives many at once, or none of them', () => {
  const slots = new Slots<string>(100, 'no more');
  const most = slots.take('a', 60);
  expect(() => slots.take('a', 41)).toThrow(FULL);
  slots.take('a', 40);
  most[Symbol.dispose]();
  slots.take('a', 60);
});

it('keeps nothing of a key that has nothing', () => {
  const slots = new Slots<number>(2, 'no more');
  const taken = [1, 1, 2].map((key) => slots.take(key));
  expect(slots.size).toBe(2);
  for (const slot of taken) slot[Symbol.dispose]();
  expect(() => slots.take(3, 5)).toThrow();
  expect(slots.size).toBe(0);
});
