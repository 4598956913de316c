import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../store/open.ts';
import { allPenalties } from '../store/tables/penalties.ts';
import { Throttle } from './throttle.ts';

let folder: string;
let store: Store;
let logged: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-throttle-'));
  store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 65_536 });
  logged = [];
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const log = { warn: (_: object, message: string) => void logged.push(message) };
const open = (nowMs: () => number = () => 0, wallMs: () => number = () => 1e12) =>
  Throttle.open({ store, nowMs, wallMs, log });

/** `times` failures at once. */
async function fail(throttle: Throttle, times: number, login = 'alice', source = 'here'): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => throttle.failed(login, source)));
}

describe('penalties for failed logins (THREATS: guessing passwords, locking others out)', () => {
  it('refuse a user from one source from the third failure on, for a growing time', async () => {
    let nowMs = 0;
    const throttle = await open(() => nowMs);
    const failOnce = async (): Promise<number> => {
      await throttle.failed('alice', 'here');
      return throttle.refusedForMs('alice', 'here');
    };
    expect([await failOnce(), await failOnce(), await failOnce(), await failOnce()]).toEqual([
      0, 0, 15_000, 20_000,
    ]);
    nowMs += 10_001;
    expect(throttle.refusedForMs('alice', 'here')).toBe(0);
    await fail(throttle, 500);
    expect(throttle.refusedForMs('alice', 'here')).toBe(600_000);
  });

  it('let the user log in from elsewhere, only slower, and other users from the same source', async () => {
    const throttle = await open();
    await fail(throttle, 1000, 'alice', 'attacker');
    expect(throttle.refusedForMs('alice', 'home')).toBe(0);
    expect(throttle.slowedMs('alice')).toBe(3_000);
    expect(throttle.refusedForMs('bob', 'attacker')).toBe(0);
    expect(throttle.slowedMs('bob')).toBe(0);
  });

  it("do not count a conversation's own failures against itself", async () => {
    const throttle = await open();
    for (let own = 1; own <= 6; own += 1) {
      await throttle.failed('alice', 'here');
      expect(throttle.refusedForMs('alice', 'here', own)).toBe(0);
    }
    expect(throttle.refusedForMs('alice', 'here', 3)).toBe(15_000);
  });

  it('are kept for the newest failures only, in memory and in the store', async () => {
    const throttle = await open();
    await fail(throttle, 3, 'first');
    await Promise.all(Array.from({ length: 10_000 }, (_, at) => throttle.failed(`user ${at}`, 'here')));
    expect(throttle.refusedForMs('first', 'here')).toBe(0);
    expect(throttle.slowedMs('user 9999')).toBe(200);
    const kept = await store.read(allPenalties);
    expect(kept).toHaveLength(20_000);
    expect(kept.some(({ login }) => login === 'first')).toBe(false);
  });
});

describe('penalties after a restart', () => {
  it('are kept, less the time that has passed', async () => {
    await fail(await open(), 4);
    const later = await open(
      () => 77,
      () => 1e12 + 3_000,
    );
    expect(later.refusedForMs('alice', 'here')).toBe(17_000);
    expect(later.slowedMs('alice')).toBe(800);
    const muchLater = await open(
      () => 0,
      () => 1e12 + 600_000,
    );
    expect(muchLater.refusedForMs('alice', 'here')).toBe(0);
  });

  it('never exceed the maximum when the clock was set back', async () => {
    await fail(await open(), 4);
    const before = await open(
      () => 0,
      () => 0,
    );
    expect(before.refusedForMs('alice', 'here')).toBeLessThanOrEqual(605_000);
  });

  it('are deleted once they have expired', async () => {
    await fail(await open(), 1);
    const later = await open(
      () => 0,
      () => 1e12 + 5_000,
    );
    await later.failed('bob', 'here');
    expect((await store.read(allPenalties)).map(({ login }) => login)).toEqual(['bob', 'bob']);
  });
});

it('keeps penalties in memory when the store fails', async () => {
  const throttle = await open();
  await store[Symbol.asyncDispose]();
  await fail(throttle, 3);
  expect(throttle.refusedForMs('alice', 'here')).toBe(15_000);
  expect(logged).toHaveLength(3);
});
