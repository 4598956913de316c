import { describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { Roles, type RolesOptions } from './roles.ts';

const admin = { users: ['ada'], groups: ['unix:wheel'] };
const manager = { users: ['max'], groups: ['unix:helpdesk'] };

function roles(groups: Record<string, readonly string[]>, more: Partial<RolesOptions> = {}) {
  const asked: string[] = [];
  const groupsOf = async (user: string): Promise<readonly string[]> => {
    asked.push(user);
    return groups[user] ?? [];
  };
  return { asked, roles: new Roles({ members: () => ({ admin, manager }), groupsOf, ...more }) };
}

describe('a role', () => {
  test.each([
    ['its name is listed', { sub: 'ada', authMethod: 'link' as const }, 'admin'],
    ['its name is listed', { sub: 'max', authMethod: 'link' as const }, 'manager'],
    ['its Linux user is in the group', { sub: 'x', authMethod: 'link' as const, user: 'wendy' }, 'admin'],
    ['its Linux user is in the group', { sub: 'x', authMethod: 'link' as const, user: 'helen' }, 'manager'],
    [
      'manager by name, administrator by group',
      { sub: 'max', authMethod: 'link' as const, user: 'wendy' },
      'admin',
    ],
    ['it is the local administrator', { sub: 'root', authMethod: 'local' as const }, 'admin'],
    ['no rule applies', { sub: 'bob', authMethod: 'link' as const, user: 'bob' }, 'user'],
    [
      'no Linux user is bound, whatever the login is called',
      { sub: 'wendy', authMethod: 'link' as const },
      'user',
    ],
    [
      'a group only has the name of the user',
      { sub: 'wheel', authMethod: 'link' as const, user: 'wheel' },
      'user',
    ],
    ['a link daemon has no role', { sub: 'ada', authMethod: 'link-daemon' as const, user: 'wendy' }, 'user'],
  ])('because %s: %j is %s', async (_, claims, role) => {
    expect(await roles({ wendy: ['wheel'], helen: ['helpdesk', 'users'] }).roles.roleOf(claims)).toBe(role);
  });

  test('groups are queried once in 30 s, even by concurrent calls', async () => {
    let nowMs = 0;
    const groups = { bob: ['users'] as string[] };
    const made = roles(groups, { now: () => nowMs });
    const bob = { sub: 'bob', authMethod: 'link' as const, user: 'bob' };
    expect(await Promise.all([made.roles.roleOf(bob), made.roles.roleOf(bob)])).toEqual(['user', 'user']);
    groups.bob = ['wheel'];
    nowMs = 29_999;
    expect(await made.roles.roleOf(bob)).toBe('user');
    nowMs = 30_000;
    expect(await made.roles.roleOf(bob)).toBe('admin');
    expect(made.asked).toEqual(['bob', 'bob']);
  });

  test('a failing user database gives nobody a role, and is queried again soon', async () => {
    let nowMs = 0;
    let works = false;
    const failures: unknown[] = [];
    const made = new Roles({
      members: () => ({ admin, manager }),
      now: () => nowMs,
      groupsOf: async () => {
        if (!works) throw new AppError('UNAVAILABLE', 'no answer');
        return ['wheel'];
      },
      onFailure: (error) => failures.push(error),
    });
    const wendy = { sub: 'max', authMethod: 'link' as const, user: 'wendy' };
    expect(await made.roleOf(wendy)).toBe('manager');
    works = true;
    nowMs = 2_999;
    expect(await made.roleOf(wendy)).toBe('manager');
    nowMs = 3_000;
    expect(await made.roleOf(wendy)).toBe('admin');
    expect(failures).toHaveLength(1);
  });

  test('the database is not queried when no group has a role', async () => {
    const none = { users: [], groups: [] };
    const made = roles({}, { members: () => ({ admin: none, manager: none }) });
    await made.roles.roleOf({ sub: 'bob', authMethod: 'link' as const, user: 'bob' });
    expect(made.asked).toEqual([]);
  });

  test("this host's own groups count", async () => {
    const made = new Roles({ members: () => ({ admin: { users: [], groups: ['unix:root'] }, manager }) });
    expect(await made.roleOf({ sub: 'x', authMethod: 'link' as const, user: 'root' })).toBe('admin');
    expect(await made.roleOf({ sub: 'x', authMethod: 'link' as const, user: 'nobody' })).toBe('user');
  });
});
