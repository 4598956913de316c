/** Revocations that a full disk or a crash has interrupted: nothing of a revoked token comes back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthorityWorld, alice, ROOT } from '../../test/support/server/authority.ts';
import type { Authority } from '../authority/authority.ts';
import { deleteTokens } from '../store/tables/tokens.ts';

let world: AuthorityWorld;
let authority: Authority;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

test('a revoked token that cannot be deleted yet is in no list, and is no longer one of its login', async () => {
  const { claims: kept } = await authority.mint(alice);
  const { claims: revoked } = await authority.mint(alice);
  world.broken = true;
  const revoking = world.revocation.revoke({ jtis: [revoked.jti] }, 'revoked');
  await expect(revoking).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  for (const query of [{}, { login: 'alice' }, { authMethod: 'link' }, { text: revoked.jti }]) {
    const { items } = await authority.list({ ...query, pageSize: 0 });
    expect(items.map(({ jti }) => jti)).not.toContain(revoked.jti);
  }
  expect(await authority.liveTokensOf('alice')).toEqual([kept]);
  expect((await world.revocation.preview({ login: 'alice' }, 'revoked', ROOT)).jtis).toEqual([kept.jti]);
  expect(await authority.get(revoked.jti)).toBeUndefined();
  await expect(authority.uidOf(revoked.jti)).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
  await expect(authority.renew(revoked.jti)).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
  await expect(authority.mint({ ...alice, parent: revoked.jti })).rejects.toMatchObject({
    reason: 'TOKEN_NOT_ACTIVE',
  });
});

describe('a crash between the deletion of a token and that of those derived from it', () => {
  test('leaves none of them valid after the restart, over generations', async () => {
    const parent = await authority.mint(alice);
    const child = await authority.mint({ ...alice, parent: parent.claims.jti });
    const grandchild = await authority.mint({ ...alice, parent: child.claims.jti });
    const other = await authority.mint(alice);
    await world.store.commit((tx) => deleteTokens(tx, [parent.claims.jti]));
    await world.crash();
    authority = await world.open();
    const reasons = [child, grandchild, other].map(({ token }) => world.reasonOf(token));
    expect(await Promise.all(reasons)).toEqual(['TOKEN_NOT_ACTIVE', 'TOKEN_NOT_ACTIVE', 'accepted']);
    expect((await authority.list({ pageSize: 0 })).items).toEqual([other.claims]);
  });
});
