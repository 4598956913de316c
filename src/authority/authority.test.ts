import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthorityWorld, alice, until } from '../../test/support/server/authority.ts';
import type { AppError } from '../errors.ts';
import { selectToken } from '../store/tables/tokens.ts';
import { keySetFromJwks } from '../token/key.ts';
import { verifyProof } from '../token/proof.ts';
import type { Authority, TokenChange } from './authority.ts';

let world: AuthorityWorld;
let authority: Authority;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a token', () => {
  test('has the requested claims, and is accepted at once and after a restart (F2, F3)', async () => {
    const { token, claims } = await authority.mint({
      ...alice,
      socket: '1000.0.sock',
      daemon: true,
      clientIp: '::1',
    });
    expect(claims).toEqual({
      sub: 'alice',
      iss: 'node1',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: 1_790_000_000,
      exp: 1_790_003_600,
      authMethod: 'link' as const,
      user: 'alice',
      hostname: 'host1',
      socket: '1000.0.sock',
      daemon: true,
      clientIp: '::1',
    });
    expect(await authority.verify(token)).toEqual(claims);
    expect(await authority.verify(token)).toEqual(claims);
    authority = await world.open();
    expect(await authority.verify(token)).toEqual(claims);
    expect(await authority.get(claims.jti)).toEqual(claims);
  });

  test('is not stored in the database, only its claims are (F4)', async () => {
    const { token, claims } = await authority.mint(alice);
    const row = await world.store.read((db) => selectToken(db, claims.jti));
    const signature = token.split('.')[2] ?? '';
    expect(JSON.stringify(row)).not.toContain(signature);
    expect(row).toMatchObject({ uid: 1000, login: 'alice', daemon: 0, claims: JSON.stringify(claims) });
  });

  test('has the lifetime of its method, or a shorter requested one', async () => {
    authority = await world.open({ lifetimeSeconds: 60, lifetimes: { key: 600 } });
    const life = async (request: object): Promise<number> => {
      const { claims } = await authority.mint({ ...alice, ...request });
      return claims.exp - claims.iat;
    };
    expect(await life({})).toBe(60);
    expect(await life({ authMethod: 'key' as const })).toBe(600);
    expect(await life({ authMethod: 'toString' })).toBe(60);
    expect(await life({ expiresAtMs: world.nowMs + 30_999 })).toBe(30);
    expect(await life({ expiresAtMs: world.nowMs + 90_000 })).toBe(60);
    await expect(life({ expiresAtMs: world.nowMs })).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
  });

  test.each([
    { login: '' },
    { login: 'a\nb' },
    { login: 'x'.repeat(257) },
    { linuxUser: '\u202e' },
    { socket: '' },
  ])('is not issued for %j', async (change) => {
    await expect(authority.mint({ ...alice, ...change })).rejects.toMatchObject({
      reason: 'INVALID_ARGUMENT',
    });
  });

  test('is limited to a thousand for each login, except for the local administrator', async () => {
    const mints = Array.from({ length: 1010 }, () => authority.mint(alice));
    const outcomes = await Promise.allSettled(mints);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(10);
    for (const { reason } of refused) expect(reason).toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    await authority.mint({ login: 'alice', authMethod: 'local' as const });
    await authority.mint({ ...alice, login: 'bob' });
    expect(await authority.liveTokensOf('alice')).toHaveLength(1001);
  });

  test('is renewed with the same id and a later expiry, while it is active', async () => {
    const { token: old, claims } = await authority.mint(alice);
    world.nowMs += 1_000_000;
    const { token, claims: renewed } = await authority.renew(claims.jti);
    expect(renewed).toEqual({ ...claims, iat: claims.iat + 1000, exp: claims.exp + 1000 });
    expect([await world.reasonOf(old), await world.reasonOf(token)]).toEqual(['accepted', 'accepted']);
    world.nowMs = claims.exp * 1000;
    expect([await world.reasonOf(old), await world.reasonOf(token)]).toEqual(['TOKEN_EXPIRED', 'accepted']);
    authority = await world.open();
    expect(await world.reasonOf(token)).toBe('accepted');
    await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    await expect(authority.renew(claims.jti)).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await expect(authority.renew('never')).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
  });

  test('is not shortened by a renewal after a reload with a shorter lifetime', async () => {
    const lifetimes: Record<string, number> = { link: 3600 };
    authority = await world.open({ lifetimeSeconds: 60, lifetimes });
    const { token: old, claims } = await authority.mint(alice);
    lifetimes.link = 60;
    world.nowMs += 1_000_000;
    const { token, claims: renewed } = await authority.renew(claims.jti);
    expect(renewed).toEqual({ ...claims, iat: claims.iat + 1000 });
    expect([await world.reasonOf(old), await world.reasonOf(token)]).toEqual(['accepted', 'accepted']);
  });

  test('is renewed with a lifetime that is accepted, after a restart with a shorter one', async () => {
    const { token: old, claims } = await authority.mint(alice);
    authority = await world.open({ lifetimeSeconds: 60 });
    const { token, claims: renewed } = await authority.renew(claims.jti);
    expect(renewed.exp).toBe(claims.iat + 60);
    expect([await world.reasonOf(old), await world.reasonOf(token)]).toEqual(['TOKEN_INVALID', 'accepted']);
  });
});

describe('a child token', () => {
  test('never outlives its parent and is revoked with it, over generations', async () => {
    const parent = await authority.mint({ ...alice, expiresAtMs: world.nowMs + 100_000 });
    const child = await authority.mint({ ...alice, parent: parent.claims.jti });
    const grandchild = await authority.mint({ ...alice, parent: child.claims.jti });
    expect(grandchild.claims.exp).toBe(parent.claims.exp);
    expect(grandchild.claims.parent).toBe(child.claims.jti);
    authority = await world.open();
    const receipt = await world.revocation.revoke({ jtis: [parent.claims.jti] }, 'revoked');
    const all = [parent, child, grandchild];
    expect(receipt.jtis.toSorted()).toEqual(all.map(({ claims }) => claims.jti).sort());
    expect(await Promise.all(all.map(({ token }) => world.reasonOf(token)))).toEqual(
      Array(3).fill('TOKEN_NOT_ACTIVE'),
    );
    expect(await authority.liveTokensOf('alice')).toEqual([]);
  });

  test('is revoked with its parent after another child of it was', async () => {
    const parent = await authority.mint(alice);
    const child = await authority.mint({ ...alice, parent: parent.claims.jti });
    const other = await authority.mint({ ...alice, parent: parent.claims.jti });
    await world.revocation.revoke({ jtis: [other.claims.jti] }, 'revoked');
    expect(await world.reasonOf(child.token)).toBe('accepted');
    await world.revocation.revoke({ jtis: [parent.claims.jti] }, 'revoked');
    expect(await world.reasonOf(child.token)).toBe('TOKEN_NOT_ACTIVE');
  });

  test('is not issued from an inactive token, or from one that is being revoked', async () => {
    const { claims } = await authority.mint(alice);
    const making = authority.mint({ ...alice, parent: claims.jti });
    const revoking = world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    await expect(making).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    await revoking;
    expect((await authority.list({ pageSize: 0 })).total).toBe(0); // its row is gone by then, too
    await expect(authority.mint({ ...alice, parent: claims.jti })).rejects.toMatchObject({
      reason: 'TOKEN_NOT_ACTIVE',
    });
    authority = await world.open();
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });
});

describe('expiry', () => {
  test('aborts calls at exp and ends the token with its dependents (F32)', async () => {
    const ended: string[] = [];
    world.dependents.end = async (socket) => {
      ended.push(socket);
      return { hasEnded: true, processes: 1, survivors: [] };
    };
    using _ = authority.changes.listen((change) => {
      if (change.kind === 'removed') ended.push(change.why);
    });
    const own = { ...alice, socket: '1000.0.sock' };
    const { claims } = await authority.mint({ ...own, expiresAtMs: world.nowMs + 1000 });
    const begun = performance.now();
    const { promise, resolve } = Promise.withResolvers<AppError>();
    const call = authority.enter(claims.jti, resolve);
    const clock = setInterval(() => {
      world.nowMs = 1_790_000_000_000 + (performance.now() - begun);
    }, 1);
    try {
      expect((await promise).reason).toBe('TOKEN_EXPIRED');
      expect(performance.now() - begun).toBeGreaterThanOrEqual(999);
      call.leave();
      await until(() => ended.length > 1);
    } finally {
      clearInterval(clock);
    }
    expect(ended).toEqual(['expired', '1000.0.sock']);
    expect((await authority.list({ pageSize: 0 })).total).toBe(0);
  });

  test('is noticed within a second when the clock is set', async () => {
    const { claims } = await authority.mint(alice);
    const { promise, resolve } = Promise.withResolvers<AppError>();
    const call = authority.enter(claims.jti, resolve);
    await world.revocation[Symbol.asyncDispose](); // which ends expired tokens, too
    world.nowMs = claims.exp * 1000;
    expect((await promise).reason).toBe('TOKEN_EXPIRED');
    call.leave();
  });

  test('of the token of a call aborts that call, even if the entry was renewed', async () => {
    const { claims } = await authority.mint(alice);
    world.nowMs += 3_599_000;
    const { claims: renewed } = await authority.renew(claims.jti);
    const aborted: AppError[] = [];
    const old = authority.enter(claims.jti, (error) => aborted.push(error), claims.exp);
    const young = authority.enter(claims.jti, () => expect.unreachable(), renewed.exp);
    world.nowMs = claims.exp * 1000;
    await until(() => aborted.length > 0);
    old.leave();
    young.leave();
  });
});

test('changes report tokens that were added, changed and removed, in order', async () => {
  const control = new AbortController();
  const seen: TokenChange[] = [];
  const changes = authority.changes.subscribe(control.signal);
  const { claims } = await authority.mint(alice);
  world.nowMs += 1000;
  const { claims: renewed } = await authority.renew(claims.jti);
  await world.revocation.revoke({ jtis: [claims.jti] }, 'replaced');
  for await (const change of changes) {
    seen.push(change);
    if (change.kind === 'removed') break;
  }
  control.abort();
  expect(seen).toEqual([
    { kind: 'added', claims },
    { kind: 'changed', claims: renewed },
    { kind: 'removed', claims: renewed, why: 'replaced' },
  ]);
});

test('lists are paged and filtered', async () => {
  for (const login of ['alice', 'bob', 'alice']) await authority.mint({ ...alice, login });
  const first = await authority.list({ login: 'alice', pageSize: 1 });
  const second = await authority.list({ login: 'alice', pageSize: 1, pageToken: first.nextPageToken });
  expect([first.total, first.items.length, second.items.length, second.nextPageToken]).toEqual([2, 1, 1, '']);
  await expect(authority.list({ pageSize: -1 })).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
});

test('a link can verify the daemon with the published keys; init keys are derived from the token id (F23)', () => {
  const nonce = Buffer.alloc(32, 7);
  const keys = keySetFromJwks(authority.jwks());
  const target = { uid: 1000, nonce, nowSeconds: 1_790_000_000 };
  expect(() => verifyProof(authority.proofFor(1000, nonce), keys, target)).not.toThrow();
  expect(authority.initKey('a')).toHaveLength(32);
  expect(authority.initKey('a').equals(authority.initKey('a'))).toBe(true);
  expect(authority.initKey('a').equals(authority.initKey('b'))).toBe(false);
});
