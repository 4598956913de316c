import { describe, expect, test } from 'vitest';
import { RecentRefusals } from './recent-refusals.ts';

describe('recent refusals', () => {
  test('have one entry for each kind, with its count and first time, the latest first', () => {
    const refusals = new RecentRefusals();
    const guess = {
      login: 'eve',
      method: 'ssh',
      reason: 'LOGIN_REFUSED',
      why: 'password',
      from: '10.0.0.9',
    };
    refusals.add('login refused', guess, 1);
    refusals.add('call refused', { method: 'x/Y', reason: 'NOT_FOUND', login: 'bob', from: undefined }, 2);
    refusals.add('login refused', guess, 3);
    expect(refusals.all()).toEqual([
      {
        message: 'login refused',
        method: 'ssh',
        reason: 'LOGIN_REFUSED',
        cause: 'password',
        login: 'eve',
        source: '10.0.0.9',
        firstMs: 1,
        lastMs: 3,
        count: 2,
      },
      {
        message: 'call refused',
        method: 'x/Y',
        reason: 'NOT_FOUND',
        cause: '',
        login: 'bob',
        source: '',
        firstMs: 2,
        lastMs: 2,
        count: 1,
      },
    ]);
  });

  test('are told apart whatever a client has put into its texts', () => {
    const refusals = new RecentRefusals();
    for (const between of ['', ' ', '\0', '","']) {
      refusals.add('login refused', { login: 'a', from: `b${between}c` }, 1);
      refusals.add('login refused', { login: `a${between}b`, from: 'c' }, 2);
    }
    expect(refusals.all().map(({ count }) => count)).toEqual(Array(8).fill(1));
  });

  test('are limited to the 50 latest kinds', () => {
    const refusals = new RecentRefusals();
    for (let n = 0; n < 200; n += 1) {
      refusals.add('login refused', { login: `user${n}` }, n);
      refusals.add('login refused', { login: 'often' }, n);
    }
    const all = refusals.all();
    expect(all).toHaveLength(50);
    expect(all[0]).toMatchObject({ login: 'often', count: 200 });
    expect(all.at(-1)).toMatchObject({ login: 'user151' });
  });

  test('are safe to show, short, and contain no token', () => {
    const refusals = new RecentRefusals();
    const token = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.c`;
    refusals.add('login refused', { login: `\u001b]0;x\u0007\u202e${token}${'x'.repeat(300)}` }, 1);
    const [{ login } = { login: '' }] = refusals.all();
    expect(login).toMatch(/^\\x1b\]0;x\\x07\\u202e\[token\]/);
    expect(login.length).toBeLessThan(160);
  });
});
