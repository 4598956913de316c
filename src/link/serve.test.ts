import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Account, alice, carol, root, service } from '../../test/support/account.ts';
import { FakeDaemon } from '../../test/support/link/fake-daemon.ts';
import { needs } from '../../test/support/needs.ts';
import { SERVICE_FILE } from './account/account-phase.ts';

describe('an account that may have no link', needs('world'), () => {
  afterEach(() => rmSync(SERVICE_FILE, { force: true }));

  it.each<[string, Account, Record<string, string>, RegExp]>([
    ['it has no login shell', carol, {}, /^latchkey link: carol has no login shell: .*\n$/],
    [
      'it is root, for whom a server that is not root has started the link',
      root,
      { SUDO_UID: `${service.uid}` },
      /^latchkey link: the server may not start a link for uid 0\n$/,
    ],
    ['PAM refuses it', alice, {}, /^latchkey link: account alice may not be used now: .+\n$/],
  ])('starts none, and says why: %s', async (_why, account, env, message) => {
    if (account === alice) writeFileSync(SERVICE_FILE, 'account required pam_deny.so\n');
    await using daemon = await FakeDaemon.open(account);
    for (const path of ['run', 'run/links', 'run/server.json'])
      chownSync(join(daemon.folder, path), service.uid, service.uid);
    let registrations = 0;
    daemon.onRegister = async ({ answer }) => {
      registrations += 1;
      answer({ code: 14, message: 'not now' });
    };
    const link = daemon.spawn(['--print-token'], env);
    expect([await link.exit, link.stderr()]).toEqual([4, expect.stringMatching(message)]);
    expect(registrations).toBe(0);
  });
});
