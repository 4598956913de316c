import { expect, test } from 'vitest';
import { type Line, spreadOf, verdict } from './line.ts';

const line = (ratio: number, spread: number, wanted: Line['wanted'] = 'at least'): Line => ({
  what: 'a call',
  ours: '9 us',
  other: '10 us',
  ratio,
  goal: 0.9,
  wanted,
  spread,
});

test('a ratio on the right side of its goal has met it', () => {
  expect(verdict(line(0.95, 0.01))).toBe('met');
  expect(verdict(line(0.85, 0.01))).toBe('not met');
  expect(verdict(line(0.85, 0.01, 'at most'))).toBe('met');
  expect(verdict(line(0.95, 0.01, 'at most'))).toBe('not met');
});

test('a claim no larger than what the same thing differed from itself is inconclusive', () => {
  expect(verdict(line(0.95, 0.1))).toBe('inconclusive');
  expect(verdict(line(0.85, 0.1, 'at most'))).toBe('inconclusive');
  expect(verdict(line(0.95, 0.05))).toBe('met');
});

test('a ratio far from its goal is clear even where the same thing differed much from itself', () => {
  expect(verdict(line(0.05, 1.4, 'at most'))).toBe('met');
  expect(verdict(line(0.05, 1.4))).toBe('not met');
  expect(verdict(line(1.5, 1.4))).toBe('inconclusive');
});

test('what could not be measured is inconclusive', () => {
  expect(verdict(line(Number.NaN, 0.01))).toBe('inconclusive');
  expect(verdict(line(2, Number.NaN))).toBe('inconclusive');
});

test('the spread is a part of the mean of both', () => {
  expect(spreadOf(90, 110)).toBeCloseTo(0.2);
  expect(spreadOf(110, 90)).toBeCloseTo(0.2);
});
