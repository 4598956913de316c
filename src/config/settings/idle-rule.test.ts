import { describe, expect, test } from 'vitest';
import { parseIdleRule } from './idle-rule.ts';

const MINUTE_MS = 60_000;
const RULE = { hours: undefined, whom: [] };

describe('a rule for idle sessions', () => {
  test.each([
    ['end after 2h', { action: 'end', afterMs: 120 * MINUTE_MS, warningMs: 5 * MINUTE_MS, ...RULE }],
    ['end  after 4m ', { action: 'end', afterMs: 4 * MINUTE_MS, warningMs: 2 * MINUTE_MS, ...RULE }],
    ['end after 45s', { action: 'end', afterMs: 45_000, warningMs: 22_000, ...RULE }],
    ['end after 1s', { action: 'end', afterMs: 1000, warningMs: 0, ...RULE }],
    ['warn after 1m', { action: 'warn', afterMs: MINUTE_MS, warningMs: 0, ...RULE }],
    [
      'disconnect after 30m warning 10m from 20:00 to 06:30 for role:user unix:students alice',
      {
        action: 'disconnect',
        afterMs: 30 * MINUTE_MS,
        warningMs: 10 * MINUTE_MS,
        hours: { from: 1200, to: 390 },
        whom: ['role:user', 'unix:students', 'alice'],
      },
    ],
    [
      'warn after 8h for ada.l@example',
      { ...RULE, action: 'warn', afterMs: 480 * MINUTE_MS, warningMs: 0, whom: ['ada.l@example'] },
    ],
  ])('%j is read', (text, rule) => {
    expect(parseIdleRule(text)).toEqual(rule);
  });

  test.each([
    '',
    'end',
    'stop after 2h',
    'end after 2',
    'end after 0h',
    'end after 2h warning 2h',
    'end after 2h warning soon',
    'warn after 2h warning 1h',
    'end after 2h from 20:00',
    'end after 2h from 24:00 to 06:00',
    'end after 2h from 8:00 to 18:00',
    'end after 2h from 08:00 to 18:60',
    'end after 2h for',
    'end after 2h for role:guest',
    'end after 2h for unix:',
    'end after 2h for ldap:x',
    'end after 2h for -x',
    'end after 2h for alice, bob',
    'end after 2h for ali\u001bce',
    'end after 2h for alice warning 5m',
    `end after 2h for ${'x '.repeat(100)}`,
  ])('%j is refused', (text) => {
    expect(parseIdleRule(text)).toBeUndefined();
  });
});
