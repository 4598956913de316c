import { expect, test, vi } from 'vitest';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import { AccountWatch, type AccountWatchOptions } from './account-watch.ts';
import { receiptOf } from './receipt.ts';

const MINUTE_MS = 60_000;

test('a login ends when its account has changed, and not while that only cannot be found (X10)', async () => {
  await using world = await World.open();
  await world.revocation.checkAccounts(); // the one of the start
  const mint = async (linuxUser: string, uid: number): Promise<string> =>
    (await world.authority.mint({ login: linuxUser, linuxUser, uid, authMethod: 'key' })).claims.jti;
  const logins = {
    missing: await mint('no-such-account-here', 3_999_999_999),
    ofAnotherUid: await mint(me.username, me.uid + 1),
    unchanged: await mint(me.username, me.uid),
  };
  await world.revocation.checkAccounts();
  const isActive = Object.entries(logins).map(([name, jti]) => [name, world.authority.isActive(jti)]);
  expect(Object.fromEntries(isActive)).toEqual({ missing: true, ofAnotherUid: false, unchanged: true });
});

test('an account whose logins cannot be ended protects no other', async () => {
  const logged: object[] = [];
  const ended: string[] = [];
  const locked = (name: string) => ({ name, uid: 7, why: 'it is locked', isFinal: true });
  const end: AccountWatchOptions['end'] = async (jtis) => {
    if (jtis.includes('of first')) throw new Error('the disk is full');
    ended.push(...jtis);
    return receiptOf(jtis, [], 0);
  };
  using watch = new AccountWatch({
    accounts: { checkAll: async () => [locked('first'), locked('second')] },
    authority: { linuxUsers: async () => [], idsOfUser: async ({ name }) => [`of ${name}`] },
    end,
    runningOf: async (name) => [{ id: `session of ${name}` }],
    log: { warn: (details) => void logged.push(details), error: (details) => void logged.push(details) },
  });
  await watch.look();
  expect(ended).toEqual(['of second']);
  expect(logged).toMatchObject([
    { err: { message: 'the disk is full' } },
    { event: 'account', linuxUser: 'second', jtis: ['of second'], running: ['session of second'] },
  ]);
});

test('a look that fails is logged, and is not the last one', async () => {
  const logged: object[] = [];
  let isReadable = false;
  const linuxUsers: AccountWatchOptions['authority']['linuxUsers'] = async () => {
    if (!isReadable) throw new Error('the disk is gone');
    return [];
  };
  const looked: number[] = [];
  using watch = new AccountWatch({
    accounts: {
      checkAll: async (users) => {
        looked.push(users.length);
        return [];
      },
    },
    authority: { linuxUsers, idsOfUser: async () => [] },
    end: async () => receiptOf([], [], 0),
    runningOf: async () => [],
    log: { warn: () => {}, error: (details) => void logged.push(details) },
  });
  await watch.look();
  expect(logged).toMatchObject([{ err: { message: 'the disk is gone' } }]);
  isReadable = true;
  await watch.look();
  expect([looked, logged.length]).toEqual([[0], 1]);
});

test('accounts are looked at every minute, until it is closed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    let looked = 0;
    const watch = new AccountWatch({
      accounts: { checkAll: async () => [] },
      authority: {
        linuxUsers: async () => {
          looked += 1;
          return [];
        },
        idsOfUser: async () => [],
      },
      end: async () => receiptOf([], [], 0),
      runningOf: async () => [],
      log: { warn: () => {}, error: () => {} },
    });
    vi.advanceTimersByTime(MINUTE_MS - 1);
    expect(looked).toBe(0);
    for (const times of [1, 2]) {
      vi.advanceTimersByTime(MINUTE_MS);
      await watch.settled();
      expect(looked).toBe(times);
    }
    watch[Symbol.dispose]();
    vi.advanceTimersByTime(10 * MINUTE_MS);
    expect(looked).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});
