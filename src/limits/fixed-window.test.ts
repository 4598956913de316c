import { expect, it } from 'vitest';
import { FixedWindow } from './fixed-window.ts';

it('counts from the first event behind the end of a window anew', () => {
  const window = new FixedWindow(1_000, 500);
  const counts = [500, 900, 1_500, 1_501, 2_501, 2_502].map((nowMs) => window.count(nowMs));
  expect(counts).toEqual([1, 2, 3, 1, 2, 1]);
});
