import { expect, it } from 'vitest';
import type { Role } from '../../accounts/roles.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { RoleWatch } from './role-watch.ts';

const INTERVAL_MS = 5;
const claims: TokenClaims = { sub: 'ada', iss: 'here', jti: 'j', iat: 1, exp: 2, authMethod: 'key' };

it('ends the calls that were admitted with a role which their caller has lost, and no others (X2)', async () => {
  let role: Role = 'admin';
  using watch = new RoleWatch({ roleOf: async () => role }, INTERVAL_MS);
  const ended = new Set<string>();
  const enter = (name: string, admitted: Role): Disposable =>
    watch.enter(claims, admitted, ({ reason }) => void ended.add(`${name}: ${reason}`));
  enter('administrator', 'admin');
  enter('manager', 'manager');
  enter('user', 'user');
  enter('over', 'admin')[Symbol.dispose]();
  role = 'manager';
  await expect.poll(() => [...ended]).toEqual(['administrator: PERMISSION_DENIED']);
  role = 'user';
  await expect
    .poll(() => [...ended])
    .toEqual(['administrator: PERMISSION_DENIED', 'manager: PERMISSION_DENIED']);
});
