import { expect, it } from 'vitest';
import { duration } from './format.ts';

it.for([
  [0, '0.0 s'],
  [49, '0.0 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [59_499, '59 s'],
  [59_500, '1 min'],
  [3_569_999, '59 min'],
  [3_570_000, '1.0 h'],
  [360_000_000, '100 h'],
] as const)('formats %i milliseconds as "%s"', ([milliseconds, text]) => {
  expect(duration(milliseconds)).toBe(text);
});
