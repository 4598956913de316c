import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthorityWorld, until } from '../../test/support/server/authority.ts';
import type { Authority, EndReason } from '../authority/authority.ts';
import { AppError, isAppError, type Reason } from '../errors.ts';
import { selectToken } from '../store/tables/tokens.ts';
import { NOTHING_ENDED } from './receipt.ts';

let world: AuthorityWorld;
let authority: Authority;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

const alice = { login: 'alice', linuxUser: 'alice', uid: 1000, authMethod: 'link' };
const withReason = (reason: Reason): unknown => expect.toSatisfy((error) => isAppError(error, reason));

describe('a revocation', () => {
  test('refuses before it answers, also a token whose signature is remembered', async () => {
    const { token, claims } = await authority.mint(alice);
    expect(world.reasonOf(token)).toBe('accepted');
    const revoking = authority.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect((await revoking).jtis).toEqual([claims.jti]);
    authority = await world.open();
    expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
  });

  test('is idempotent, and does not list what it does not know', async () => {
    const { claims } = await authority.mint(alice);
    const twice = await authority.revoke({ jtis: [claims.jti, claims.jti, 'never'] }, 'revoked');
    expect(twice.jtis).toEqual([claims.jti]);
    const again = await authority.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(again).toMatchObject({ ...NOTHING_ENDED, jtis: [] });
  });

  test("of a login ends all of its tokens and nobody else's (X2)", async () => {
    const mine = await Promise.all([authority.mint(alice), authority.mint(alice)]);
    const other = await authority.mint({ ...alice, login: 'bob' });
    const receipt = await authority.revoke({ login: 'alice' }, 'logout');
    expect(receipt.jtis.toSorted()).toEqual(mine.map(({ claims }) => claims.jti).sort());
    expect(world.reasonOf(other.token)).toBe('accepted');
  });

  test('of a login takes what is just being made for it along', async () => {
    const making = authority.mint(alice);
    const [made] = await Promise.allSettled([making, authority.revoke({ login: 'alice' }, 'logout')]);
    expect(made).toEqual({ status: 'rejected', reason: withReason('TOKEN_NOT_ACTIVE') });
    expect(await authority.liveTokensOf('alice')).toEqual([]);
  });

  test('ends the calls in flight before it answers, but its own', async () => {
    const { claims } = await authority.mint(alice);
    const events: string[] = [];
    const call = authority.enter(claims.jti, (error) => {
      events.push(error.reason);
      setTimeout(() => {
        events.push('left');
        call.leave();
      }, 30);
    });
    const own = authority.enter(claims.jti, () => events.push('own call aborted'));
    await authority.revoke({ jtis: [claims.jti] }, 'revoked', { except: own });
    expect(events).toEqual(['TOKEN_NOT_ACTIVE', 'left']);
    own.leave();
    expect(() => authority.enter(claims.jti, () => {})).toThrow(
      expect.objectContaining({ reason: 'TOKEN_NOT_ACTIVE' }),
    );
  });

  test('asks every hook once, and puts what they ended into one receipt (X1)', async () => {
    const asked: [string[], EndReason][] = [];
    const survivor = { pid: 7, linuxUser: 'alice', command: 'sleep' };
    authority.onEnded(async (ended, why) => {
      asked.push([ended.map(({ jti }) => jti), why]);
      return { ...NOTHING_ENDED, links: ['s'], sessions: ['1', '2'], processes: 2, verifiedBy: 'daemon' };
    });
    authority.onEnded(async () => ({
      ...NOTHING_ENDED,
      sessions: ['2'],
      keptSessions: ['3'],
      processes: 1,
      survivors: [survivor],
      verifiedBy: 'link',
    }));
    const { claims } = await authority.mint(alice);
    const receipt = await authority.revoke({ jtis: [claims.jti] }, 'logout');
    expect(asked).toEqual([[[claims.jti], 'logout']]);
    expect(receipt).toEqual({
      jtis: [claims.jti],
      links: ['s'],
      sessions: ['1', '2'],
      keptSessions: ['3'],
      processes: 3,
      survivors: [survivor],
      verifiedBy: 'link',
      milliseconds: expect.any(Number),
    });
    await authority.revoke({ jtis: [claims.jti] }, 'logout');
    expect(asked).toHaveLength(1);
  });

  test('asked for twice at once is waited for by both, and a failing hook is no secret', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    authority.onEnded(async () => {
      await promise;
      return { ...NOTHING_ENDED, sessions: ['1'] };
    });
    const { claims } = await authority.mint(alice);
    const both = [1, 2].map(() => authority.revoke({ jtis: [claims.jti] }, 'revoked'));
    resolve();
    const sessions = (await Promise.all(both)).map((receipt) => receipt.sessions);
    expect(sessions).toEqual([['1'], ['1']]);
    authority.onEnded(() => Promise.reject(new AppError('LINK_LOST', 'gone')));
    const { token, claims: next } = await authority.mint(alice);
    await expect(authority.revoke({ jtis: [next.jti] }, 'revoked')).rejects.toEqual(withReason('LINK_LOST'));
    expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });
});

describe('a revocation between a commit and its answer', () => {
  test('wins over the renewal', async () => {
    const { token, claims } = await authority.mint(alice);
    let revoking: Promise<unknown> | undefined;
    world.afterCommit = () => {
      revoking ??= authority.revoke({ jtis: [claims.jti] }, 'revoked');
    };
    await expect(authority.renew(claims.jti)).rejects.toEqual(withReason('TOKEN_NOT_ACTIVE'));
    await revoking;
    expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
  });

  test('wins over the issue', async () => {
    let revoking: Promise<unknown> | undefined;
    world.afterCommit = () => {
      revoking ??= authority.revoke({ login: 'alice' }, 'revoked');
    };
    await expect(authority.mint(alice)).rejects.toEqual(withReason('TOKEN_NOT_ACTIVE'));
    await revoking;
    authority = await world.open();
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });
});

describe('a commit that fails', () => {
  test('issues nothing: no token, no entry, no event', async () => {
    world.broken = true;
    await expect(authority.mint(alice)).rejects.toEqual(withReason('STORE_UNAVAILABLE'));
    world.broken = false;
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });

  test('leaves a renewed token at its old end', async () => {
    const { token, claims } = await authority.mint(alice);
    world.nowMs += 10_000;
    world.broken = true;
    await expect(authority.renew(claims.jti)).rejects.toEqual(withReason('STORE_UNAVAILABLE'));
    expect(world.reasonOf(token)).toBe('accepted');
    world.nowMs = claims.exp * 1000;
    expect(authority.isActive(claims.jti)).toBe(false);
  });

  test('never acknowledges a revocation, and still refuses, ends, and tries again by itself', async () => {
    const hooked: string[] = [];
    authority.onEnded(async (ended) => {
      hooked.push(...ended.map(({ jti }) => jti));
      return NOTHING_ENDED;
    });
    const { token, claims } = await authority.mint(alice);
    world.broken = true;
    for (let time = 0; time < 2; time++) {
      await expect(authority.revoke({ jtis: [claims.jti] }, 'revoked')).rejects.toEqual(
        withReason('STORE_UNAVAILABLE'),
      );
      expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    }
    expect(hooked).toEqual([claims.jti]);
    expect(await authority.get(claims.jti)).toBeUndefined();
    await until(() => world.logged.length > 0);
    world.broken = false;
    const receipt = await authority.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(receipt.jtis).toEqual([claims.jti]);
    authority = await world.open();
    expect(world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect(hooked).toEqual([claims.jti]);
  });

  test('is repeated without being asked, until the entry is gone', async () => {
    const { claims } = await authority.mint(alice);
    world.broken = true;
    await expect(authority.revoke({ login: 'alice' }, 'revoked')).rejects.toEqual(
      withReason('STORE_UNAVAILABLE'),
    );
    world.broken = false;
    let row: unknown = claims;
    while (row !== undefined) row = await world.store.read((db) => selectToken(db, claims.jti));
  });
});
