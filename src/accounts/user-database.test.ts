import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import {
  canonicalUser,
  canonicalUserOfUid,
  groupsOf,
  isQueryable,
  userByName,
  userByUid,
  usersByUid,
} from './user-database.ts';

describe('the user database of this host', () => {
  test('knows root by name and by uid', async () => {
    const root = await userByName('root');
    expect(root).toMatchObject({ name: 'root', uid: 0, gid: 0 });
    expect(await userByUid(0)).toEqual(root);
    expect(await canonicalUser('root')).toEqual(root);
    expect(await canonicalUserOfUid(0)).toEqual(root);
  });

  test('knows who runs the tests, and their groups as id(1) does', async (ctx) => {
    let name: string;
    try {
      name = userInfo().username;
    } catch {
      return ctx.skip('this uid has no account');
    }
    const groups = execFileSync('id', ['-Gn', '-z', '--', name], { encoding: 'utf8' })
      .split('\0')
      .filter(Boolean);
    expect((await groupsOf(name)).sort()).toEqual(groups.sort());
  });

  test('has no account for most names and uids', async () => {
    expect(await userByName('latchkey-nobody-has-this-name')).toBeUndefined();
    expect(await userByUid(4_123_456_789)).toBeUndefined();
    expect(await groupsOf('latchkey-nobody-has-this-name')).toEqual([]);
    for (const uid of [-1, 1.5, Number.NaN, 4_294_967_295]) expect(await userByUid(uid)).toBeUndefined();
  });

  test('answers for many uids at once', async () => {
    const users = await usersByUid([4_123_456_789, 1, -1, 0, 0, 1.5]);
    const known = [await userByUid(0), await userByUid(1)].filter((entry) => entry !== undefined);
    expect(users).toEqual(new Map(known.map((entry) => [entry.uid, entry])));
    expect(await usersByUid([-1])).toEqual(new Map());
  });

  test.each([
    '',
    '0',
    '00',
    '-s',
    '--help',
    '+root',
    'root\nroot',
    'root\0',
    'root:x',
    '../root',
    'a\u001b[0m',
    'a\u2028b',
    'r'.repeat(257),
    '\ufffd',
  ])('is never queried for %j', async (name) => {
    expect(isQueryable(name)).toBe(false);
    expect(await userByName(name)).toBeUndefined();
    expect(await groupsOf(name)).toEqual([]);
  });

  test.each(['alice', 'DOM\\alice', 'alice@example.com', 'al ice', '1alice', '_apt', 'ülrich'])(
    'may be queried for %j',
    (name) => {
      expect(isQueryable(name)).toBe(true);
    },
  );
});
