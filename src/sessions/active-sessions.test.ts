import { afterEach, beforeEach, expect, it } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import { insertSession } from '../store/tables/sessions.ts';
import type { TokenClaims } from '../token/claims.ts';
import { dependentOn } from './active-sessions.ts';

let world: AuthorityWorld;
beforeEach(async () => {
  world = new AuthorityWorld();
  await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

it('finds the sessions of these tokens and on these link daemons, each once, and no others', async () => {
  const rows = [
    sessionRow('s1', { jti: 'a' }),
    sessionRow('s2', { jti: 'b', socket: 'its.sock' }),
    sessionRow('s3', { jti: 'a', socket: 'its.sock' }),
    sessionRow('s4', { jti: 'b' }),
    sessionRow('s5', { jti: 'b', socket: 'other.sock' }),
    sessionRow('s6', { jti: 'a', state: 'ended' }),
    sessionRow('s7', { jti: 'a', login: 'bob' }),
    sessionRow('s8', { jti: 'b', socket: 'its.sock', uid: 7 }),
  ];
  for (const row of rows) await world.store.commit((tx) => insertSession(tx, row));
  const tokens = [{ jti: 'a', sub: 'alice' } as TokenClaims];
  const found = await dependentOn(world.store, tokens, [{ uid: 1000, socket: 'its.sock' }]);
  expect(found.map(({ id }) => id).toSorted()).toEqual(['s1', 's2', 's3']);
});
