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
    expect(debts.used('d', 0)).toBe(3);
    expect(fail(debts, 'b', 1)).toEqual(['d']); // of two that owe the same, the one with the shorter streak
    expect(debts.used('b', 0)).toBe(4);
    fail(debts, 'c', 1);
    expect(fail(debts, 'd', 3)).toEqual(['b', undefined, undefined]);
    fail(debts, 'c', 3);
    expect(fail(debts, 'b', 1)).toEqual(['a']); // of two that are alike, the one that is older
    expect(debts.used('b', 0)).toBe(6);
  });

  it('is never less than it should be, whoever has logged in meanwhile', () => {
    const debts = new Debts(HUNDRED, 5);
    const failures = new Map<string, number>();
    debts.protect('key 3');
    for (let step = 0, random = 1; step < 2000; step += 1) {
      random = (random * 48_271) % 2_147_483_647; // the minimal standard generator of Park and Miller
      const key = `key ${random % 20}`;
      if (random % 3 === 0) debts.endStreak(`key ${step % 20}`);
      failures.set(key, (failures.get(key) ?? 0) + 1);
      debts.add(key, 0);
      expect(debts.used(key, 0)).toBeGreaterThanOrEqual(failures.get(key) ?? 0);
    }
    expect(debts.used('key 3', 0)).toBe(failures.get('key 3'));
  });

  it('is no streak that another key had when the table is full', () => {
    const debts = new Debts(HUNDRED, 2);
    fail(debts, 'a', 9);
    fail(debts, 'b', 9);
    fail(debts, 'c', 1);
    expect(debts.get('c', 0).streak).toBe(1);
    expect(debts.used('c', 0)).toBe(10);
  });

  it('is only its own for a key that is protected, and stays when the protection ends', () => {
    const debts = new Debts(HUNDRED, 2);
    fail(debts, 'mine', 1);
    debts.protect('mine');
    for (const key of ['a', 'b', 'c', 'd']) fail(debts, key, 9);
    expect(fail(debts, 'mine', 1)).toEqual([undefined]);
    expect(debts.used('mine', 0)).toBe(2);
    fail(debts, 'mine', 20);
    expect(debts.unprotect('mine', 0)).toBe('c'); // the table is no larger than before
    expect(debts.get('mine', 0).streak).toBe(22);
    expect(fail(debts, 'e', 1)).toEqual(['d']);
  });

  it('costs nobody else anything when a key replaces one that no longer counts', () => {
    const debts = new Debts(HUNDRED, 2);
    fail(debts, 'a', 9);
    fail(debts, 'b', 2, DAY_MS / 2);
    expect(fail(debts, 'c', 1, DAY_MS + 1)).toEqual(['a']);
    expect(debts.get('c', DAY_MS + 1).streak).toBe(1);
  });
});
