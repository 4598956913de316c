/** Selections of callers who are users: their own, whatever else is named. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import type { Minted } from '../authority/authority.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import type { Requester, Selection } from './revocation.ts';

let world: AuthorityWorld;
let mint: (login: string, authMethod?: AuthMethodName) => Promise<Minted>;
beforeEach(async () => {
  world = new AuthorityWorld();
  const authority = await world.open();
  mint = (login, authMethod = 'link') => authority.mint({ login, linuxUser: login, uid: 1000, authMethod });
});
afterEach(() => world[Symbol.asyncDispose]());

const userOf = ({ claims }: Minted): Requester => ({ claims, role: 'user' });

test("a user ends none of another's tokens by naming them beside a token of their own (F29)", async () => {
  const mine = await mint('bob');
  const theirs = await mint('alice');
  const selection = { jtis: [mine.claims.jti, theirs.claims.jti] };
  const by = userOf(mine);
  expect((await world.revocation.preview(selection, 'revoked', by)).jtis).toEqual([mine.claims.jti]);
  expect((await world.revocation.revoke(selection, 'revoked', by)).jtis).toEqual([mine.claims.jti]);
  expect(await world.reasonOf(theirs.token)).toBe('accepted');
});

const OF_ALICE: Readonly<Record<string, (alice: Minted) => Selection>> = {
  'the tokens of their login': () => ({ login: 'alice' }),
  'the tokens and sessions of their login': () => ({ login: 'alice', endSessions: true }),
  'the sessions of their login': () => ({ sessionsOf: 'alice' }),
  'a token': ({ claims }) => ({ jtis: [claims.jti] }),
};

test.each(Object.keys(OF_ALICE))(
  'a user ends nothing of others, and learns nothing, by %s (F29)',
  async (what) => {
    const theirs = await mint('alice');
    const by = userOf(await mint('bob'));
    const missing = { reason: 'NOT_FOUND' };
    const selection = OF_ALICE[what]?.(theirs) as Selection;
    await expect(world.revocation.preview(selection, 'revoked', by)).rejects.toMatchObject(missing);
    await expect(world.revocation.revoke(selection, 'revoked', by)).rejects.toMatchObject(missing);
    expect(await world.reasonOf(theirs.token)).toBe('accepted');
  },
);

test("the token of a link daemon ends itself, and nothing else of its user's", async () => {
  const daemon = await mint('alice', 'link-daemon');
  const { token } = await mint('alice');
  const by = userOf(daemon);
  for (const selection of [{ login: 'alice' }, { sessionsOf: 'alice' }])
    await expect(world.revocation.revoke(selection, 'logout', by)).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
    });
  expect((await world.revocation.revoke({ jtis: [daemon.claims.jti] }, 'logout', by)).jtis).toHaveLength(1);
  expect(await world.reasonOf(token)).toBe('accepted');
});
