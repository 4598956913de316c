import { describe, expect, it } from 'vitest';
import { Throttle } from './throttle.ts';

describe('what failed logins cost (THREATS: guessing passwords, locking others out)', () => {
  it('refuses a user from one source from the third failure on, for a growing time that runs off', () => {
    let nowMs = 0;
    const throttle = new Throttle(() => nowMs);
    const fail = (): number => {
      throttle.failed('alice', 'here');
      return throttle.refusedForMs('alice', 'here');
    };
    expect([fail(), fail(), fail(), fail()]).toEqual([0, 0, 15_000, 20_000]);
    nowMs += 10_001;
    expect(throttle.refusedForMs('alice', 'here')).toBe(0);
    for (let more = 0; more < 500; more += 1) fail();
    expect(throttle.refusedForMs('alice', 'here')).toBeLessThanOrEqual(605_000);
  });

  it('lets the user in from elsewhere, only slower, and other users from the same source', () => {
    const throttle = new Throttle(() => 0);
    for (let failure = 0; failure < 1000; failure += 1) throttle.failed('alice', 'attacker');
    expect(throttle.refusedForMs('alice', 'home')).toBe(0);
    expect(throttle.slowedMs('alice')).toBe(3_000);
    expect(throttle.refusedForMs('bob', 'attacker')).toBe(0);
    expect(throttle.slowedMs('bob')).toBe(0);
  });

  it('does not count a conversation’s own failures against itself', () => {
    const throttle = new Throttle(() => 0);
    for (let own = 1; own <= 6; own += 1) {
      throttle.failed('alice', 'here');
      expect(throttle.refusedForMs('alice', 'here', own)).toBe(0);
    }
    expect(throttle.refusedForMs('alice', 'here', 3)).toBe(15_000);
  });

  it('keeps the youngest entries of very many', () => {
    const throttle = new Throttle(() => 0);
    for (const failure of ['first', 'first', 'first']) throttle.failed(failure, 'here');
    for (let other = 0; other < 10_000; other += 1) throttle.failed(`user ${other}`, 'here');
    expect(throttle.refusedForMs('first', 'here')).toBe(0);
    expect(throttle.slowedMs('user 9999')).toBe(200);
  });
});
