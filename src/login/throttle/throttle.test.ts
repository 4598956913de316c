import { describe, expect, it } from 'vitest';
import {
  clock,
  DAY_S,
  from,
  guess,
  logIn,
  never,
  open,
  refusedFor,
  store,
  withThrottle,
} from '../../../test/support/server/throttled.ts';
import { upsertFailedLogins } from '../../store/tables/failed-logins.ts';
import { allKnownPlaces } from '../../store/tables/known-places.ts';
import type { LoginKey } from './login-key.ts';
import type { Throttle } from './throttle.ts';

withThrottle();

/** Fills the tables with names that nobody has, which have used up their budgets, as a botnet would. */
function fillTables(): Promise<void> {
  const at = 1e12 + clock.seconds * 1000;
  const later = { last_at: at, empty_at: at + DAY_S * 1000, until: at + DAY_S * 1000 };
  return store.commit(async (tx) => {
    for (let number = 0; number < 10_000; number += 1) {
      const login = `nobody ${number}`;
      await upsertFailedLogins(tx, { login, source: `place ${number >> 6}`, streak: 3, ...later });
      await upsertFailedLogins(tx, { login, source: '', streak: 400, ...later });
    }
  });
}

/** Guesses with each of `keys` every `paceS` seconds, for `seconds`; counts the guesses that got through. */
async function attack(
  throttle: Throttle,
  keys: readonly LoginKey[],
  paceS: number,
  seconds = DAY_S,
): Promise<number> {
  let guesses = 0;
  for (const untilS = clock.seconds + seconds; clock.seconds < untilS; clock.seconds += paceS)
    for (const key of keys) if (refusedFor(throttle, key) === 0 && (await guess(throttle, key))) guesses += 1;
  return guesses;
}

describe('guessing for a day (F12; THREATS: guessing passwords)', () => {
  it.each([
    [1, 102],
    [5, 102],
    [60, 102],
    [899, 52],
    [900, 96],
    [1800, 48],
  ])('one user from one place, every %d s, gets %d guesses', async (paceS, guesses) => {
    const throttle = await open();
    expect(await attack(throttle, [from('there')], paceS)).toBe(guesses);
    expect(await attack(throttle, [from('there')], paceS)).toBeLessThanOrEqual(guesses);
    expect(refusedFor(throttle)).toBe(0); // alice herself, elsewhere
  });

  it('one user from one place gets 200 guesses where the user logs in after every second one', async () => {
    const throttle = await open();
    let guesses = 0;
    for (let login = 0; clock.seconds < DAY_S; login += 1, clock.seconds += 60) {
      if (login % 3 < 2 && (await guess(throttle, from('office')))) guesses += 1;
      if (login % 3 === 2 && refusedFor(throttle, from('office')) === 0)
        await logIn(throttle, from('office'));
    }
    expect(guesses).toBe(199);
    expect(refusedFor(throttle)).toBe(0);
  });

  it.each([
    [4, 60, 408],
    [40, 60, 799],
    [500, 600, 797],
  ])('one user from %d places, each every %d s, gets %d guesses', async (places, paceS, guesses) => {
    const throttle = await open();
    const keys = Array.from({ length: places }, (_, at) => from(`place ${at}`));
    expect(await attack(throttle, keys, paceS)).toBe(guesses);
  });

  it('one user from a new network each time gets as many, and 100 more from known places', async () => {
    const throttle = await open();
    const known = Array.from({ length: 10 }, (_, at) => from(`known ${at}`));
    for (const key of known) await logIn(throttle, key);
    let guesses = 0;
    for (let at = 0; clock.seconds < DAY_S; clock.seconds += 60, at += 1)
      if (await guess(throttle, from(`2001:db8::${at}/64`))) guesses += 1;
    expect(guesses).toBe(799);
    for (let round = 0; round < 20; round += 1, clock.seconds += 900)
      for (const key of known)
        if (refusedFor(throttle, key) === 0 && (await guess(throttle, key))) guesses += 1;
    expect(guesses).toBeGreaterThan(899);
    expect(guesses).toBeLessThanOrEqual(1000);
  });

  it('one place gets 400 guesses over all users, with names that nobody has', async () => {
    const throttle = await open();
    const keys = Array.from({ length: 300 }, (_, at) => from('there', `user ${at}`));
    expect(await attack(throttle, keys, 600)).toBe(398);
    for (let at = 0; at < 3; at += 1) await guess(throttle, from('there', `one more ${at}`));
    expect(refusedFor(throttle, from('there', 'bob'))).toBeGreaterThan(0);
    expect(refusedFor(throttle, from('elsewhere', 'bob'))).toBe(0);
  });

  it('at the same time gains nothing', async () => {
    const throttle = await open();
    const control = new AbortController();
    const all = Array.from({ length: 50 }, () => throttle.enter(from('there'), control.signal));
    const settled = Promise.allSettled(all);
    const first = await Promise.all(all.slice(0, 3));
    for (const attempt of first) await attempt.refused();
    const outcomes = await settled;
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const error = (outcomes[49] as PromiseRejectedResult).reason;
    expect(error).toMatchObject({ reason: 'LIMIT_EXCEEDED', details: { retryAfterSeconds: '30' } });
  });

  it('at the same time from many places gains nothing', async () => {
    const throttle = await open();
    const keys = Array.from({ length: 1000 }, (_, at) => from(`place ${at}`));
    const outcomes = await Promise.allSettled(keys.map((key) => throttle.enter(key, never)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(400);
  });
});

describe('failures of one user from one place', () => {
  it('make the next attempt wait from the third on, for a time that doubles', async () => {
    const throttle = await open();
    const waits: number[] = [];
    for (let failure = 0; failure < 10; failure += 1) {
      clock.seconds += refusedFor(throttle);
      expect(await guess(throttle)).toBe(true);
      waits.push(refusedFor(throttle));
    }
    expect(waits).toEqual([0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
  });

  it('start again after a success, and after a day without any', async () => {
    const throttle = await open();
    for (let failure = 0; failure < 3; failure += 1) await guess(throttle);
    clock.seconds += 3600; // an hour changes nothing
    await guess(throttle);
    expect(refusedFor(throttle)).toBe(60);
    clock.seconds += 60;
    await logIn(throttle);
    for (let failure = 0; failure < 2; failure += 1) await guess(throttle);
    expect(refusedFor(throttle)).toBe(0);
    clock.seconds += DAY_S;
    for (let failure = 0; failure < 2; failure += 1) await guess(throttle);
    expect(refusedFor(throttle)).toBe(0);
  });

  it('let the next attempt in once one that is under way was not wrong', async () => {
    const throttle = await open();
    for (let failure = 0; failure < 2; failure += 1) await guess(throttle);
    const undecided = await throttle.enter(from('here'), never);
    const next = throttle.enter(from('here'), never);
    undecided[Symbol.dispose]();
    await expect(next).resolves.toBeDefined();
    expect(refusedFor(throttle)).toBe(0);
  });

  it('leave a waiting attempt with its signal', async () => {
    const throttle = await open();
    for (let failure = 0; failure < 2; failure += 1) await guess(throttle);
    using _ = await throttle.enter(from('here'), never);
    const control = new AbortController();
    const waiting = throttle.enter(from('here'), control.signal);
    control.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });
});

describe('a person whose name is attacked (THREATS: locking others out)', () => {
  it('gets in from a place of her own, from where she may even mistype, and the attacker does not', async () => {
    const throttle = await open();
    await logIn(throttle, from('home'));
    for (let at = 0; at < 400; at += 1) expect(await guess(throttle, from(`place ${at}`))).toBe(true);
    expect(await guess(throttle, from('place 400'))).toBe(false);
    expect(await guess(throttle, from('home'))).toBe(true);
    expect(await guess(throttle, from('home'))).toBe(true);
    await logIn(throttle, from('home'));
    expect(() => throttle.check(from('train'))).toThrow(/or log in from where you have logged in before/);
    expect(refusedFor(throttle, from('home', 'bob'))).toBe(0);
  });

  it('gets in from a place that has used up its own budget for others', async () => {
    const throttle = await open();
    await logIn(throttle, from('office'));
    for (let at = 0; at < 250; at += 1) await guess(throttle, from('office', `user ${at}`));
    expect(refusedFor(throttle, from('office', 'bob'))).toBeGreaterThan(0);
    expect(refusedFor(throttle, from('office'))).toBe(0);
  });

  it('pays nothing for failures with other names, however many, in memory or after a restart', async () => {
    await logIn(await open(), from('home'));
    await fillTables();
    for (let opened = 0; opened < 2; opened += 1) {
      const throttle = await open();
      expect(refusedFor(throttle, from(`train ${opened}`))).toBe(0);
      await guess(throttle, from(`train ${opened}`));
      expect(refusedFor(throttle, from(`train ${opened}`))).toBeGreaterThan(0);
      for (let round = 0; round < 10; round += 1) {
        for (const wait of [0, 0, 30]) {
          expect(await guess(throttle, from('home'))).toBe(true);
          expect(refusedFor(throttle, from('home'))).toBe(wait);
        }
        clock.seconds += 30;
        await logIn(throttle, from('home'));
      }
    }
  });

  it('keeps ten places, those used last, for 90 days', async () => {
    const throttle = await open();
    for (let at = 0; at < 11; at += 1, clock.seconds += 1) await logIn(throttle, from(`home ${at}`));
    expect((await store.read(allKnownPlaces)).map(({ source }) => source)).not.toContain('home 0');
    const exhaust = async (): Promise<void> => {
      for (let at = 0; at < 400; at += 1) await guess(throttle, from(`place ${at}`));
    };
    await exhaust();
    expect(refusedFor(throttle, from('home 0'))).toBeGreaterThan(0);
    expect(refusedFor(throttle, from('home 1'))).toBe(0);
    clock.seconds += 90 * DAY_S;
    await exhaust();
    expect(refusedFor(throttle, from('home 1'))).toBeGreaterThan(0);
    expect(await store.read(allKnownPlaces)).toEqual([]);
  });
});
