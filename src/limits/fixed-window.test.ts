import { expect, it } from 'vitest';
import { FixedWindow } from './fixed-window.ts';

it('starts a new count with the first event after the end of a window', () => {
  const window = new FixedWindow(1_000, 500);
  const counts = [500, 900, 1_500, 1_501, 2_501, 2_502].map((nowMs) => window.count(nowMs));
  expect(counts).toEqual([1, 2, 3, 1, 2, 1]);
});
