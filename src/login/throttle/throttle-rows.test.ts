import { describe, expect, it } from 'vitest';
import {
  clock,
  DAY_S,
  from,
  guess,
  logged,
  logIn,
  open,
  refusedFor,
  store,
  withThrottle,
} from '../../../test/support/server/throttled.ts';
import { allFailedLogins } from '../../store/tables/failed-logins.ts';

withThrottle();

describe('the memory of failures', () => {
  it('is bounded, and cannot be cleared by filling it with other names', async () => {
    const throttle = await open();
    for (let failure = 0; failure < 8; failure += 1) {
      clock.seconds += refusedFor(throttle, from('there'));
      await guess(throttle, from('there'));
    }
    const others = Array.from({ length: 12_000 }, (_, at) => from(`place ${at >> 6}`, `nobody ${at}`));
    await Promise.all(others.map((key) => guess(throttle, key)));
    expect(refusedFor(throttle, from('there'))).toBe(900);
    const kept = await store.read(allFailedLogins);
    expect(kept.length).toBeLessThanOrEqual(20_200);
    expect(kept.filter(({ login, source }) => login !== '' && source !== '')).toHaveLength(10_000);
  }, 60_000);
});

describe('failures after a restart', () => {
  it('still count, less the time that has passed', async () => {
    const before = await open();
    await logIn(before, from('home'));
    for (let at = 0; at < 399; at += 1) await guess(before, from(`place ${at}`));
    for (let failure = 0; failure < 4; failure += 1, clock.seconds += 30) await guess(before, from('there'));
    const after = await open(77);
    expect(refusedFor(after, from('there'))).toBe(refusedFor(before, from('there')));
    expect(refusedFor(after, from('train'))).toBe(refusedFor(before, from('train')));
    expect(refusedFor(after, from('train'))).toBeGreaterThan(0);
    expect(refusedFor(after, from('home'))).toBe(0);
  });

  it('never cost more when the clock was set back', async () => {
    const before = await open();
    for (let failure = 0; failure < 3; failure += 1) await guess(before);
    expect(refusedFor(await open(0, 0))).toBe(30);
  });

  it('are deleted once they no longer count', async () => {
    const throttle = await open();
    await guess(throttle);
    clock.seconds += DAY_S;
    await guess(throttle, from('here', 'bob'));
    const kept = await store.read(allFailedLogins);
    expect(kept.map(({ login, source }) => `${login}@${source}`).sort()).toEqual([
      '@here',
      'bob@',
      'bob@here',
    ]);
  });
});

it('counts in memory when the store fails', async () => {
  const throttle = await open();
  await store[Symbol.asyncDispose]();
  for (let failure = 0; failure < 3; failure += 1) await guess(throttle);
  expect(refusedFor(throttle)).toBe(30);
  expect(logged).toHaveLength(3);
});
