import { expect, test } from 'vitest';
import { IdleAction } from '../../generated/latchkey/link/v1/link.ts';
import { ruleAt } from './rule-at.ts';

const rule = (afterSeconds: number, from?: number, to?: number) => ({
  action: IdleAction.END,
  afterSeconds,
  warningSeconds: 1,
  hours: from === undefined || to === undefined ? undefined : { from: from * 60, to: to * 60 },
});

test.each([
  ['05:59', 1],
  ['06:00', 3],
  ['07:59', 3],
  ['08:00', 2],
  ['17:59', 2],
  ['18:00', 3],
  ['19:59', 3],
  ['20:00', 1],
  ['00:00', 1],
])('at %s the first rule of that time applies', (time, seconds) => {
  const rules = [rule(1, 20, 6), rule(2, 8, 18), rule(3), rule(4)];
  expect(ruleAt(rules, new Date(`2026-01-05T${time}`))?.afterSeconds).toBe(seconds);
});

test('without a rule for the time none applies, and equal times are the whole day', () => {
  const noon = new Date('2026-01-05T12:00');
  expect(ruleAt([rule(1, 20, 6)], noon)).toBeUndefined();
  expect(ruleAt([rule(1, 8, 8)], noon)).toBeDefined();
});
