/** `latchkey doctor` on a host whose sshd logins cannot use, or which it cannot judge. */
import { execFileSync } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { otherMode } from '../../support/host/changed.ts';
import { type Examined, ExaminedHost } from '../../support/host/doctor.ts';
import { needs } from '../../support/needs.ts';
import { TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2212;
const SILENT_PORT = 2213;

let host: ExaminedHost;

beforeAll(async () => {
  host = await ExaminedHost.start(PORT);
});
afterAll(() => host?.[Symbol.asyncDispose]());

describe('about sshd the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  test('another host key, and sends nothing there', async () => {
    const port = PORT + 5;
    const sshd = await TestSshd.start(port);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', '/mnt/other_key']);
    const env = { LATCHKEY_LOGIN_SSH_PORT: `${port}`, LATCHKEY_LOGIN_SSH_HOST_KEYS: '/mnt/other_key.pub' };
    expect((await host.examine(env)).problem('sshd')).toEqual({
      summary: `127.0.0.1 port ${port}: sshd presented a host key that is not pinned; nothing was sent to it`,
      remedy: `login.ssh.host_keys: the public host keys of the sshd at 127.0.0.1 port ${port}`,
    });
    await sshd[Symbol.asyncDispose](); // its log is complete now
    expect(sshd.log).toMatch(/^Connection from 127\./m);
    expect(sshd.log).not.toMatch(/user|Failed/i);
  });

  test('host keys that are missing, or that others can change', async () => {
    const pattern = '/mnt/none_*.pub';
    const none = await host.examine({ LATCHKEY_LOGIN_SSH_HOST_KEYS: pattern });
    expect(none.problem('sshd').summary).toBe(`no host key is pinned: no file matching ${pattern} has one`);
    const key = join(host.sshd.folder, 'hostkey.pub');
    using _ = otherMode(key, 0o666);
    expect((await host.examine()).of('sshd')).toMatchObject([
      { status: 'problem', remedy: `chmod 0644 ${key}` },
      { status: 'problem' },
    ]);
  });

  test('a closed port, and a listener that never answers', async () => {
    const gone = (await host.examine({ LATCHKEY_LOGIN_SSH_PORT: '1' })).problem('sshd');
    expect(gone).toEqual({
      summary: '127.0.0.1 port 1: cannot use sshd: ECONNREFUSED',
      remedy: 'systemctl status ssh; or login.ssh.host, login.ssh.port, login.methods',
    });
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(SILENT_PORT, '127.0.0.1', resolve));
    const mute = (await host.examine({ LATCHKEY_LOGIN_SSH_PORT: `${SILENT_PORT}` })).problem('sshd');
    silent.close();
    expect(mute.summary).toBe(`127.0.0.1 port ${SILENT_PORT}: sshd did not answer in time (banner)`);
  });
});

describe(
  'about an sshd that treats loopback in its own way the doctor finds',
  needs('world', 'sudo', 'sshd'),
  () => {
    let port = PORT + 10;

    /** Examines the host with another sshd, whose configuration has these lines. */
    async function withSshd(
      lines: readonly string[],
      pam = '',
    ): Promise<{ sshd: TestSshd; examined: Examined }> {
      port += 1;
      const sshd = await TestSshd.start(port, { lines, pam });
      try {
        const env = {
          LATCHKEY_LOGIN_SSH_PORT: `${port}`,
          LATCHKEY_LOGIN_SSH_HOST_KEYS: sshd.settings.host_keys,
        };
        return { sshd, examined: await host.examine(env) };
      } finally {
        await sshd[Symbol.asyncDispose]();
      }
    }

    test.each([
      ['KexAlgorithms', 'sntrup761x25519-sha512@openssh.com', 'curve25519-sha256@libssh.org'],
      ['HostKeyAlgorithms', 'rsa-sha2-512', 'ssh-ed25519'],
      ['Ciphers', 'aes256-cbc', 'aes128-gcm@openssh.com'],
      ['MACs', 'umac-64@openssh.com', 'hmac-sha2-256-etm@openssh.com'],
    ])('that %s has nothing in common with Latchkey, and what both have', async (keyword, theirs, ours) => {
      const lines = keyword === 'MACs' ? ['Ciphers aes128-ctr'] : [];
      const { sshd, examined } = await withSshd([`${keyword} ${theirs}`, ...lines]);
      const { summary, remedy } = examined.problem('sshd');
      expect(summary).toContain(
        `nothing in common with sshd in ${keyword}: sshd has ${theirs}; Latchkey has ${ours}`,
      );
      expect(remedy).toBe(`in ${sshd.folder}/sshd_config: ${keyword} ${theirs},${ours}`);
    });

    test.each([
      ['Match Address 127.0.0.0/8', '192.0.2.1'],
      ['Match LocalAddress 127.0.0.1', '192.0.2.1'],
      ['Match Address 10.0.0.0/8,192.168.*', '10.0.0.0'],
      ['Match Address *,!192.168.*', '192.168.1.1'],
      ['Match User alice Address !127.0.0.0/8,*', '192.0.2.1'],
    ])('rules by address: %s', async (match, other) => {
      const { sshd, examined } = await withSshd([match, 'AuthenticationMethods password']);
      const [found, ...others] = examined.warnings('sshd');
      expect(others).toEqual([]);
      expect(found?.summary).toMatch(
        new RegExp(
          `other settings for \\w+ from 127\\.x\\.y\\.z, where Latchkey dials from, than from ${other}: auth`,
        ),
      );
      expect(found?.summary).toMatch(/authenticationmethods is "(password|any)", not "(any|password)"/);
      expect(found?.remedy).toContain(`in ${sshd.folder}/sshd_config, `);
    });

    test('rules by address in AllowUsers and in PAM', async () => {
      const allowed = await withSshd(['AllowUsers root alice@10.0.0.0/8']);
      expect(allowed.examined.warnings('sshd')).toMatchObject([
        { summary: expect.stringMatching(/admits users by address \(allowusers alice@10\.0\.0\.0\/8\)/) },
      ]);
      const pam = 'auth [success=1 default=ignore] pam_access.so accessfile=/etc/near\n';
      expect((await withSshd([], pam)).examined.warnings('sshd')).toEqual([
        {
          summary: expect.stringMatching(
            /^\/etc\/pam\.d\/\S+ has rules by address \(pam_access\), which cannot be/,
          ),
          remedy: expect.stringMatching(/127\.0\.0\.0\/8/),
        },
      ]);
      const commented = await withSshd(['Match Address 10.0.0.0/8'], '# pam_access.so\n');
      expect(commented.examined.warnings('sshd')).toEqual([]);
    });

    test('that its settings cannot be had, and says so', async () => {
      const sshd = await TestSshd.start(port + 100);
      const real = createServer((socket) => {
        const there = createConnection(sshd.port, '127.0.0.1').on('error', () => socket.destroy());
        socket
          .on('error', () => there.destroy())
          .pipe(there)
          .pipe(socket);
      });
      await new Promise<void>((resolve) => real.listen(SILENT_PORT, '127.0.0.1', resolve));
      const env = {
        LATCHKEY_LOGIN_SSH_PORT: `${SILENT_PORT}`,
        LATCHKEY_LOGIN_SSH_HOST_KEYS: sshd.settings.host_keys,
      };
      expect((await host.examine(env)).of('sshd')).toEqual([
        {
          status: 'skipped',
          summary: 'its rules by address and its limits were not checked: no sshd of root listens there',
          remedy: 'man latchkey-sshd',
        },
      ]);
      real.close();
      await sshd[Symbol.asyncDispose]();
    });

    test('limits that are too low for a server that dials for everybody', async () => {
      const lines = ['PerSourceNetBlockSize 8:64', 'PerSourceMaxStartups 5', 'MaxStartups 5:50:20'];
      const { sshd, examined } = await withSshd(lines);
      const file = `${sshd.folder}/sshd_config`;
      expect(examined.warnings('sshd').map(({ remedy }) => remedy)).toEqual([
        `in ${file}: PerSourceMaxStartups 9; man latchkey-sshd`,
        `in ${file}: MaxStartups 20:30:100; man latchkey-sshd`,
      ]);
      const alone = await withSshd(['PerSourceMaxStartups 5']);
      expect(alone.examined.warnings('sshd')).toEqual([]);
    });
  },
);
