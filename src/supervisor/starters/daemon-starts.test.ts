import { appendFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { linkRow } from '../../../test/contract/rows.ts';
import { needs } from '../../../test/support/needs.ts';
import type { EligibleSettings } from '../../accounts/eligible.ts';
import { type LoginSettings, loginSettingsOf } from '../../accounts/login-settings.ts';
import { canonicalUser } from '../../accounts/user-database.ts';
import { AppError } from '../../errors.ts';
import { Link } from '../link.ts';
import { DaemonStarts } from './daemon-starts.ts';
import { REFUSAL } from './starter.ts';

const me = userInfo();
const ME = { name: me.username, uid: me.uid };
const ANYBODY: EligibleSettings = { minUid: 0, users: [me.username], self: false };
const NOT_ELIGIBLE = { reason: 'NOT_ELIGIBLE' };

/** Link daemons of which `start` makes one, and those that were expected while it did. */
function newStarts({ eligible = ANYBODY }: { eligible?: EligibleSettings } = {}) {
  let made = 0;
  let present: Link | undefined;
  let expected = 0;
  const warnings: string[] = [];
  const world = {
    /** Number of starts, and what each does. */
    starts: 0,
    start: async (): Promise<void> => {
      made += 1;
      const settings = JSON.stringify(world.startedWith);
      const row = { uid: me.uid, linux_user: me.username, daemon: 1 as const, login_settings: settings };
      present = new Link(linkRow(`link ${made}`, row));
    },
    /** Settings that logins get when it is started. */
    startedWith: { account: {}, files: {} } as LoginSettings,
    warnings,
    get present() {
      return present?.socket;
    },
    get expected() {
      return expected;
    },
    daemonStarts: new DaemonStarts({
      present: () => present,
      expectDaemon: () => {
        expected += 1;
        return {
          [Symbol.dispose]: () => {
            expected -= 1;
          },
        };
      },
      starter: () => ({
        start: async () => {
          world.starts += 1;
          await world.start();
        },
      }),
      settings: () => ({ eligible }),
      now: Date.now,
      log: {
        debug() {},
        info() {},
        error() {},
        warn: (details: { err?: Error }) => void warnings.push(`${details.err?.message}`),
      },
    }),
  };
  return world;
}

describe('a link daemon', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('is started once for all who ask at once, and may register only meanwhile', async () => {
    const world = newStarts();
    const { start } = world;
    const expectedThen: number[] = [];
    world.start = async () => {
      expectedThen.push(world.expected);
      await start();
    };
    await Promise.all([1, 2, 3].map(() => world.daemonStarts.ensure(ME)));
    expect([world.present, world.starts, expectedThen, world.expected]).toEqual(['link 1', 1, [1], 0]);
  });

  test('is not started again for five seconds when that has failed', async () => {
    const world = newStarts();
    const works = world.start;
    world.start = () =>
      Promise.reject(new AppError('UNAVAILABLE', 'sudo', { details: { [REFUSAL]: 'it has expired' } }));
    await Promise.all([world.daemonStarts.ensure(ME), world.daemonStarts.ensure(ME)]);
    expect([world.starts, world.expected]).toEqual([1, 0]);
    expect(world.daemonStarts.refusalOf(me.username)).toMatchObject({
      why: 'it has expired',
      isLeftOut: false,
    });
    world.start = works;
    vi.advanceTimersByTime(4_999);
    await world.daemonStarts.ensure(ME);
    expect(world.starts).toBe(1);
    vi.advanceTimersByTime(1);
    await world.daemonStarts.ensure(ME);
    expect([world.starts, world.present]).toEqual([2, 'link 1']);
    expect(world.daemonStarts.refusalOf(me.username)).toBeUndefined();
  });

  test('counts as not started when no other has registered than was there before', async () => {
    const world = newStarts();
    const { start } = world;
    const failure = 'the link daemon was started but has not registered';
    world.start = async () => {};
    await world.daemonStarts.ensure(ME);
    expect(world.warnings).toEqual([failure]);
    world.start = start;
    await world.daemonStarts.replace(ME, () => true);
    expect([world.present, world.warnings]).toEqual(['link 1', [failure]]);
    world.start = async () => {};
    await world.daemonStarts.replace(ME, () => true);
    expect([world.present, world.warnings]).toEqual(['link 1', [failure, failure]]);
  });

  describe('with other settings than logins get now', () => {
    let now: LoginSettings;
    beforeEach(async () => {
      const user = await canonicalUser(me.username);
      if (user === undefined) throw new Error('no account');
      now = await loginSettingsOf(user);
    });

    test('is replaced once for all who ask, and never without need', async () => {
      const world = newStarts();
      await world.daemonStarts.refresh(ME, now);
      expect(world.starts, 'there is none').toBe(0);
      await world.daemonStarts.ensure(ME);
      world.startedWith = now;
      await Promise.all([1, 2, 3].map(() => world.daemonStarts.refresh(ME, now)));
      expect([world.present, world.starts]).toEqual(['link 2', 2]);
      await world.daemonStarts.refresh(ME, { account: {}, files: {} });
      expect(world.starts, 'only the caller had other settings, from before').toBe(2);
    });

    test.each(['account', 'files'] as const)('is replaced when only its %s is other', async (part) => {
      const world = newStarts();
      world.startedWith = { ...now, [part]: { ...now[part], OTHER: 'value' } };
      await world.daemonStarts.ensure(ME);
      await world.daemonStarts.refresh(ME, now);
      expect(world.starts).toBe(2);
    });

    test('is not replaced for five seconds when that has failed', async () => {
      const world = newStarts();
      await world.daemonStarts.ensure(ME);
      world.start = () => Promise.reject(new AppError('UNAVAILABLE', 'sudo'));
      await world.daemonStarts.refresh(ME, now);
      await world.daemonStarts.refresh(ME, now);
      vi.advanceTimersByTime(4_999);
      await world.daemonStarts.refresh(ME, now);
      expect([world.present, world.starts]).toEqual(['link 1', 2]);
      vi.advanceTimersByTime(1);
      await world.daemonStarts.refresh(ME, now);
      expect(world.starts).toBe(3);
    });
  });

  test('is not replaced when that is no longer wanted in its turn', async () => {
    const world = newStarts();
    const { start } = world;
    let isWanted = true;
    world.start = async () => {
      isWanted = false;
      await start();
    };
    await Promise.all([1, 2].map(() => world.daemonStarts.replace(ME, () => isWanted)));
    expect([world.present, world.starts]).toEqual(['link 1', 1]);
  });

  test('is started for no account that may have none, or that has another uid now', async () => {
    const world = newStarts({ eligible: { minUid: 4_000_000_000, users: [], self: false } });
    await expect(world.daemonStarts.ensure(ME)).rejects.toMatchObject(NOT_ELIGIBLE);
    const other = newStarts();
    const changed = { name: me.username, uid: me.uid + 1 };
    await expect(other.daemonStarts.ensure(changed)).rejects.toMatchObject(NOT_ELIGIBLE);
    expect([world.starts, other.starts]).toEqual([0, 0]);
  });
});

describe('a link daemon of an account that shadow locks', needs('world'), () => {
  const LOCKED = { name: 'daemon-locked', uid: 7901 };
  beforeAll(() => {
    appendFileSync('/etc/passwd', `${LOCKED.name}:x:${LOCKED.uid}:7901::/:/bin/sh\n`);
    appendFileSync('/etc/shadow', `${LOCKED.name}:!$y$hash:19000:0:99999:7:::\n`);
  });

  test('is not started: sudo would not look', async () => {
    const world = newStarts({ eligible: { minUid: 1000, users: [], self: false } });
    await expect(world.daemonStarts.ensure(LOCKED)).rejects.toMatchObject(NOT_ELIGIBLE);
    expect(world.starts).toBe(0);
  });
});
