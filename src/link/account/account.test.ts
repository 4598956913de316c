import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { checkAccount, checkNotEscalated, ownAccount } from './account.ts';

const account = { name: 'alice', uid: 1000, home: '/home/alice', shell: '/bin/bash' };
const shells = ['/bin/sh', '/bin/bash', '/usr/sbin/nologin', '/bin/false'];
const notEligible = expect.objectContaining({ reason: 'NOT_ELIGIBLE' });

describe('an account that may have a link', () => {
  it('is the account of this process, by the user database', () => {
    const { username, uid, homedir } = userInfo();
    expect(ownAccount()).toMatchObject({ name: username, uid, home: homedir });
  });

  it('has a login shell', () => {
    expect(() => checkAccount(account, shells)).not.toThrow();
    expect(() => checkAccount({ ...account, shell: '' }, shells)).not.toThrow(); // means /bin/sh
    for (const shell of ['/bin/zsh', '/usr/sbin/nologin', '/bin/false', 'bash'])
      expect(() => checkAccount({ ...account, shell }, shells)).toThrow(notEligible);
  });

  it('is not root when a daemon that is not root starts the link', () => {
    const root = { ...account, uid: 0 };
    expect(() => checkNotEscalated(root, 998, { SUDO_UID: '998' })).toThrow(notEligible);
    expect(() => checkNotEscalated(root, 998, { SUDO_UID: '1000' })).not.toThrow();
    expect(() => checkNotEscalated(root, 998, {})).not.toThrow();
    expect(() => checkNotEscalated(account, 998, { SUDO_UID: '998' })).not.toThrow();
  });

  it('is not nobody', () => {
    expect(() => checkAccount({ ...account, uid: 65_534 }, shells)).toThrow(notEligible);
  });
});
