import { describe, expect, it } from 'vitest';
import { DAY_MS, Debts } from './debts.ts';

const HUNDRED = 100;

/** Counts `times` failures of `key`; returns the keys that were dropped. */
function fail(debts: Debts, key: string, times: number, nowMs = 0): (string | undefined)[] {
  return Array.from({ length: times }, () => debts.add(key, nowMs));
}

describe('what failed logins cost', () => {
  it('is restored evenly over the day, whatever the streak', () => {
    const debts = new Debts(HUNDRED);
    fail(debts, 'a', 50);
    expect(debts.used('a', 0)).toBe(50);
    expect(debts.used('a', DAY_MS / 4)).toBe(25);
    expect(debts.get('a', DAY_MS / 4).streak).toBe(50);
    debts.endStreak('a');
    expect(debts.get('a', DAY_MS / 4).streak).toBe(0);
    expect(debts.used('a', DAY_MS / 4)).toBe(25);
  });

  it('is forgotten after a day without a failure, once the budget is full again', () => {
    const debts = new Debts(HUNDRED);
    fail(debts, 'a', 150);
    expect(debts.get('a', DAY_MS).streak).toBe(150);
    expect(debts.get('a', 1.5 * DAY_MS).streak).toBe(0);
    fail(debts, 'b', 1);
    expect(debts.get('b', DAY_MS - 1).streak).toBe(1);
    expect(debts.get('b', DAY_MS).streak).toBe(0);
  });

  it('is never less than it should be when the table is full', () => {
    const debts = new Debts(HUNDRED, 3);
    fail(debts, 'a', 5);
    fail(debts, 'b', 2);
    fail(debts, 'c', 3);
    expect(fail(debts, 'd', 1)).toEqual(['b']); // the key that owed least
    expect(debts.get('d', 0).streak).toBe(3);
    expect(debts.used('d', 0)).toBe(3);
    expect(fail(debts, 'b', 1)).toEqual(['c']); // of two that owe the same, the one that is older
    expect(debts.get('b', 0).streak).toBe(4);
    expect(debts.get('a', 0).streak).toBe(5);
  });

  it('costs nobody else anything when a key replaces one that no longer counts', () => {
    const debts = new Debts(HUNDRED, 2);
    fail(debts, 'a', 9);
    fail(debts, 'b', 2, DAY_MS / 2);
    expect(fail(debts, 'c', 1, DAY_MS + 1)).toEqual(['a']);
    expect(debts.get('c', DAY_MS + 1).streak).toBe(1);
  });
});
