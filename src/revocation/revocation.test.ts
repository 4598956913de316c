import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AuthorityWorld, alice, ROOT, until } from '../../test/support/server/authority.ts';
import type { Authority } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { selectToken } from '../store/tables/tokens.ts';

let world: AuthorityWorld;
let authority: Authority;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

type SessionRow = AuthorityWorld['dependents']['sessions'][number];
/** A running session, with the fields that a revocation reads. */
const sessionRow = (id: string, jti: string) => ({ id, jti, terminal: null }) as SessionRow;

describe('a revocation', () => {
  test('refuses the token before it returns, even when its signature is cached', async () => {
    const { token, claims } = await authority.mint(alice);
    expect(await world.reasonOf(token)).toBe('accepted');
    const revoking = world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect((await revoking).jtis).toEqual([claims.jti]);
    authority = await world.open();
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
  });

  test('is idempotent, and omits unknown tokens from the receipt', async () => {
    const { claims } = await authority.mint(alice);
    const twice = await world.revocation.revoke({ jtis: [claims.jti, claims.jti, 'never'] }, 'revoked');
    expect(twice.jtis).toEqual([claims.jti]);
    const again = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    const nothing = { jtis: [], links: [], sessions: [], keptSessions: [], processes: 0, survivors: [] };
    const running = { stillRunning: [], stillRunningTotal: 0 };
    expect(again).toEqual({ ...nothing, ...running, milliseconds: expect.any(Number) });
  });

  test("of a login ends all of its tokens and nobody else's (X2)", async () => {
    const mine = await Promise.all([authority.mint(alice), authority.mint(alice)]);
    const other = await authority.mint({ ...alice, login: 'bob' });
    const receipt = await world.revocation.revoke({ login: 'alice' }, 'logout');
    expect(receipt.jtis.toSorted()).toEqual(mine.map(({ claims }) => claims.jti).sort());
    expect(await world.reasonOf(other.token)).toBe('accepted');
  });

  test('of a login includes tokens that are just being issued to it', async () => {
    const announced: string[] = [];
    using _ = authority.changes.listen(({ kind }) => void announced.push(kind));
    const making = authority.mint(alice);
    const [made] = await Promise.allSettled([making, world.revocation.revoke({ login: 'alice' }, 'logout')]);
    expect(made).toMatchObject({ status: 'rejected', reason: { reason: 'TOKEN_NOT_ACTIVE' } });
    expect(await authority.liveTokensOf('alice')).toEqual([]);
    expect(announced).toEqual([]); // nobody has ever had it
  });

  test('ends the calls in flight before it returns, except its own', async () => {
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
    const by = { claims, role: 'user', call: own } as const;
    await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked', by);
    expect(events).toEqual(['TOKEN_NOT_ACTIVE', 'left']);
    own.leave();
    expect(() => authority.enter(claims.jti, () => {})).toThrow(
      expect.objectContaining({ reason: 'TOKEN_NOT_ACTIVE' }),
    );
  });

  test.each([
    ['revoked', 'TOKEN_NOT_ACTIVE'],
    ['expired', 'TOKEN_EXPIRED'],
  ] as const)('tells the calls in flight of a token that it is %s', async (why, reason) => {
    const { claims } = await authority.mint(alice);
    const aborted = Promise.withResolvers<string>();
    const call = authority.enter(claims.jti, (error) => {
      aborted.resolve(error.reason);
      call.leave();
    });
    await world.revocation.revoke({ jtis: [claims.jti] }, why);
    expect(await aborted.promise).toBe(reason);
  });

  test('ends the dependents of the tokens once, and reports them in one receipt (X1)', async () => {
    const asked: string[] = [];
    const survivor = { pid: 7, linuxUser: 'alice', command: 'sleep' };
    world.dependents.end = async (socket) => {
      asked.push(socket);
      return socket === 'gone'
        ? { hasEnded: true, processes: 2, survivors: [], verifiedBy: 'daemon' }
        : { hasEnded: false, processes: 1, survivors: [survivor], verifiedBy: 'link' };
    };
    const gone = (await authority.mint({ ...alice, socket: 'gone' })).claims.jti;
    const left = (await authority.mint({ ...alice, socket: 'left', parent: gone })).claims.jti;
    world.dependents.sessions = [sessionRow('1', left), sessionRow('2', 'of another token')];
    const receipt = await world.revocation.revoke({ jtis: [gone] }, 'logout');
    expect(asked.toSorted()).toEqual(['gone', 'left']);
    expect(receipt).toEqual({
      jtis: [gone, left],
      links: ['gone'],
      sessions: [],
      keptSessions: ['1'],
      processes: 3,
      survivors: [survivor],
      stillRunning: [],
      stillRunningTotal: 0,
      verifiedBy: 'both',
      milliseconds: expect.any(Number),
    });
    await world.revocation.revoke({ jtis: [gone] }, 'logout');
    expect(asked).toHaveLength(2);
  });

  test('tries once to end a session that cannot be ended, and names what is left of it (X1)', async () => {
    const tried: string[] = [];
    world.dependents.endSession = async ({ id }) => {
      tried.push(id);
      const survivors = [{ pid: 7, linuxUser: 'root', command: 'sleep', sessionId: id }];
      return { hasEnded: false, processes: 0, survivors };
    };
    const { claims } = await authority.mint(alice);
    world.dependents.active = [sessionRow('1', claims.jti), sessionRow('2', 'of an earlier token')];
    const selection = { login: 'alice', endSessions: true };
    const receipt = await world.revocation.revoke(selection, 'revoked', ROOT);
    expect(tried.toSorted()).toEqual(['1', '2']);
    expect(receipt.survivors.map(({ sessionId }) => sessionId).toSorted()).toEqual(['1', '2']);
  });

  test('says whether it ends the sessions of a token', () => {
    expect(world.revocation.endsSessions).toBe(false);
    world.dependents.onRevoke = 'end';
    expect(world.revocation.endsSessions).toBe(true);
  });

  test('ends the link of a token even if it cannot be read which sessions depend on that', async () => {
    const ended: string[] = [];
    world.dependents.end = async (socket) => {
      ended.push(socket);
      return { hasEnded: true, processes: 1, survivors: [] };
    };
    const unreadable = (): never => {
      throw new AppError('STORE_UNAVAILABLE', 'unreadable for a test');
    };
    Object.defineProperty(world.dependents, 'sessions', { get: unreadable });
    const { token, claims } = await authority.mint({ ...alice, socket: 's' });
    const revoked = world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    await expect(revoked).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect([await world.reasonOf(token), ended]).toEqual(['TOKEN_NOT_ACTIVE', ['s']]);
  });

  test('is shared by concurrent callers, who all get its failure', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    world.dependents.end = async () => {
      await promise;
      return { hasEnded: true, processes: 1, survivors: [] };
    };
    const { claims } = await authority.mint({ ...alice, socket: 's' });
    const both = [1, 2].map(() => world.revocation.revoke({ jtis: [claims.jti] }, 'revoked'));
    resolve();
    const links = (await Promise.all(both)).map((receipt) => [receipt.jtis, receipt.links]);
    expect(links).toEqual(Array(2).fill([[claims.jti], ['s']]));
    world.dependents.end = () => Promise.reject(new AppError('LINK_LOST', 'gone'));
    const { token, claims: next } = await authority.mint({ ...alice, socket: 's' });
    await expect(world.revocation.revoke({ jtis: [next.jti] }, 'revoked')).rejects.toMatchObject({
      reason: 'LINK_LOST',
    });
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });

  test('that a link triggers while it is being ended does not wait for itself', async () => {
    const { claims } = await authority.mint({ ...alice, socket: 's' });
    // A link that exits while it is being stopped reports that its token is obsolete.
    world.dependents.end = async () => {
      await world.dependents.observer?.tokenObsolete?.(claims.jti, 'link-ended');
      return { hasEnded: true, processes: 1, survivors: [] };
    };
    const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect([receipt.jtis, receipt.links]).toEqual([[claims.jti], ['s']]);
  });

  test('follows the end of a link', async () => {
    const { token, claims } = await authority.mint({ ...alice, socket: 's' });
    const told = world.dependents.observer?.tokenObsolete?.(claims.jti, 'link-ended');
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    await told;
    expect(await authority.claimsOf([claims.jti])).toEqual([]);
  });
});

describe('a revocation between a commit and its result', () => {
  test('wins over a renewal', async () => {
    const { token, claims } = await authority.mint(alice);
    let revoking: Promise<unknown> | undefined;
    world.afterCommit = () => {
      revoking ??= world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    };
    await expect(authority.renew(claims.jti)).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await revoking;
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
  });

  test('wins over the issue of a token', async () => {
    let revoking: Promise<unknown> | undefined;
    world.afterCommit = () => {
      revoking ??= world.revocation.revoke({ login: 'alice' }, 'revoked');
    };
    await expect(authority.mint(alice)).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await revoking;
    authority = await world.open();
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });
});

describe('a commit that fails', () => {
  test('issues nothing: no token, no entry, no event', async () => {
    world.broken = true;
    await expect(authority.mint(alice)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    world.broken = false;
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });

  test('leaves the expiry of a renewed token unchanged', async () => {
    const { token, claims } = await authority.mint(alice);
    world.nowMs += 10_000;
    world.broken = true;
    await expect(authority.renew(claims.jti)).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect(await world.reasonOf(token)).toBe('accepted');
    world.nowMs = claims.exp * 1000;
    expect(authority.isActive(claims.jti)).toBe(false);
  });

  test('never acknowledges a revocation, but refuses the token, ends its link, and is retried', async () => {
    const ended: string[] = [];
    world.dependents.end = async (socket) => {
      ended.push(socket);
      return { hasEnded: true, processes: 1, survivors: [] };
    };
    using _ = authority.changes.listen((change) => {
      if (change.kind === 'removed') ended.push(change.why);
    });
    const { token, claims } = await authority.mint({ ...alice, socket: 's' });
    world.broken = true;
    for (let time = 0; time < 2; time++) {
      await expect(world.revocation.revoke({ jtis: [claims.jti] }, 'revoked')).rejects.toMatchObject({
        reason: 'STORE_UNAVAILABLE',
      });
      expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    }
    expect(ended).toEqual(['revoked', 's']);
    expect(world.audited).toMatchObject(
      Array.from({ length: 2 }, () => ({ event: 'revoked', jtis: [claims.jti], err: expect.any(AppError) })),
    );
    expect(await authority.get(claims.jti)).toBeUndefined();
    await until(() => world.logged.length > 0);
    world.broken = false;
    const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(receipt.jtis).toEqual([claims.jti]);
    authority = await world.open();
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
    expect(ended).toEqual(['revoked', 's']);
  });

  test('is retried automatically until the row is deleted', async () => {
    const { claims } = await authority.mint(alice);
    world.broken = true;
    await expect(world.revocation.revoke({ login: 'alice' }, 'revoked')).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
    });
    world.broken = false;
    let row: unknown = claims;
    while (row !== undefined) row = await world.store.read((db) => selectToken(db, claims.jti));
  });
});

test('a revocation that cannot be opened leaves no timer behind', async () => {
  await authority.mint({ ...alice, socket: 'never stored' });
  world.broken = true;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const opening = world.openRevocation(authority, { jtis: () => new Set() });
    await expect(opening).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a start ends the tokens of links that were never stored, and no others', async () => {
  const minted = [
    await authority.mint({ ...alice, socket: 'stored' }),
    await authority.mint({ ...alice, socket: 'never stored' }),
    await authority.mint({ ...alice, authMethod: 'link-daemon', daemon: true, socket: 'never stored, too' }),
    await authority.mint({ ...alice, authMethod: 'key' }),
  ];
  const stored = new Set(minted.slice(0, 1).map(({ claims }) => claims.jti));
  await using _ = await world.openRevocation(authority, { jtis: () => stored });
  const reasons = await Promise.all(minted.map(({ token }) => world.reasonOf(token)));
  expect(reasons).toEqual(['accepted', 'TOKEN_NOT_ACTIVE', 'TOKEN_NOT_ACTIVE', 'accepted']);
});
