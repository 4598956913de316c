import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { ownUid } from '../system/owned-path.ts';
import { checkEligible, type EligibleSettings } from './eligible.ts';
import type { UserEntry } from './user-database.ts';

const alice: UserEntry = {
  name: 'alice',
  uid: 1001,
  gid: 1001,
  gecos: '',
  home: '/home/alice',
  shell: '/bin/bash',
};
const SHELLS = ['/bin/sh', '/bin/bash', '/usr/sbin/nologin'];

function refusal(change: Partial<UserEntry>, settings: Partial<EligibleSettings> = {}): string | undefined {
  try {
    checkEligible({ ...alice, ...change }, { minUid: 1000, users: [], self: false, ...settings }, SHELLS);
    return undefined;
  } catch (error) {
    if (!isAppError(error, 'NOT_ELIGIBLE')) throw error;
    return error.message;
  }
}

describe('an account may have a link', () => {
  test.each<[string, Partial<UserEntry>, Partial<EligibleSettings>]>([
    ['an ordinary one', {}, {}],
    ['one without a shell in its entry, which means /bin/sh', { shell: '' }, {}],
    ['a low uid that is listed', { uid: 33 }, { users: ['alice'] }],
    ['root when it is listed', { name: 'root', uid: 0 }, { users: ['root'] }],
    ["the daemon's own in self mode", { uid: ownUid(), shell: '/opt/fish' }, { self: true }],
  ])('%s', (_, change, settings) => {
    expect(refusal(change, settings)).toBeUndefined();
  });
});

describe('an account may not have a link', () => {
  test.each<[string, Partial<UserEntry>, Partial<EligibleSettings>, RegExp]>([
    ['a low uid', { uid: 999 }, {}, /below links\.eligible\.min_uid/],
    ['root', { name: 'root', uid: 0 }, {}, /uid 0/],
    ['root, whatever the minimum uid', { name: 'root', uid: 0 }, { minUid: 0 }, /uid 0/],
    ['another name of root', { name: 'toor', uid: 0 }, { users: ['root'] }, /uid 0/],
    ['nobody, even listed', { name: 'nobody', uid: 65_534 }, { users: ['nobody'] }, /nobody/],
    ['nologin, even as a valid shell', { shell: '/usr/sbin/nologin' }, {}, /login shell/],
    ['false', { shell: '/bin/false' }, {}, /login shell/],
    ['a shell that is not valid here', { shell: '/usr/lib/sftp-server' }, {}, /login shell/],
    ['a listed one without a shell', { shell: '/bin/false' }, { users: ['alice'] }, /login shell/],
    ['another uid in self mode', { uid: ownUid() + 1 }, { self: true }, /runs for another user/],
  ])('%s', (_, change, settings, why) => {
    expect(refusal(change, settings)).toMatch(why);
  });

  test('valid login shells are those in /etc/shells of the host', () => {
    const settings = { minUid: 1000, users: [], self: false };
    expect(() => checkEligible(alice, { ...settings }, undefined)).not.toThrow();
    expect(() => checkEligible({ ...alice, shell: '/bin/../bin/bash' }, settings)).toThrow(/login shell/);
  });
});
