/** Rights to end what belongs to an administrator, by whatever it is selected. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LinkProcess, me, World } from '../../test/support/link/supervisor-world.ts';
import type { Requester } from './may-end.ts';
import type { Selection } from './select.ts';

let world: World;
let own: LinkProcess;
beforeAll(async () => {
  world = await World.open({ roles: { [me.username]: 'admin', max: 'manager', ada: 'admin' } });
  own = await world.link();
});
afterAll(() => world[Symbol.asyncDispose]());

async function requester(login: string, role: Requester['role']): Promise<Requester> {
  return { claims: await world.login(login), role };
}

const SELECTIONS: Readonly<Record<string, () => Selection>> = {
  'its token': () => ({ jtis: [own.jti] }),
  'all tokens of its login': () => ({ login: me.username }),
  'its link': () => ({ socket: own.socket }),
};

test.each(Object.keys(SELECTIONS))('a manager ends nothing of an administrator, by %s (F28)', async (by) => {
  const selection = SELECTIONS[by]?.() as Selection;
  const max = await requester('max', 'manager');
  const denied = { reason: 'PERMISSION_DENIED' };
  await expect(world.revocation.preview(selection, 'revoked', max)).rejects.toMatchObject(denied);
  await expect(world.revocation.revoke(selection, 'revoked', max)).rejects.toMatchObject(denied);
  expect(world.authority.isActive(own.jti)).toBe(true);
  expect(world.links.get(own.socket).state).toBe('ready');
});

test('a manager logs out no administrator, although everybody may log out themselves', async () => {
  const max = await requester('max', 'manager');
  const loggedOut = world.revocation.revoke({ login: me.username }, 'logout', max);
  await expect(loggedOut).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
  expect(world.authority.isActive(own.jti)).toBe(true);
});

test('a manager with tokens of an administrator ends all of them by logging out only', async () => {
  const ada = await requester('ada', 'manager');
  const revoking = world.revocation.revoke({ login: 'ada' }, 'revoked', ada);
  await expect(revoking).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
  expect(world.authority.isActive(ada.claims.jti)).toBe(true);
  await world.revocation.revoke({ login: 'ada' }, 'logout', ada);
  expect(world.authority.isActive(ada.claims.jti)).toBe(false);
});

test("a user ends a token of their own that is an administrator's (F29)", async () => {
  const ada = await requester('ada', 'user');
  const other = await world.login('ada');
  const receipt = await world.revocation.revoke({ jtis: [other.jti] }, 'revoked', ada);
  expect(receipt).toMatchObject({ jtis: [other.jti] });
});

test('another administrator stops the link of one', async () => {
  const ada = await requester('ada', 'admin');
  const receipt = await world.revocation.revoke({ socket: own.socket }, 'revoked', ada);
  expect(receipt).toMatchObject({ jtis: [own.jti], links: [own.socket] });
});
