/**
 * `latchkey doctor` on a host with a single problem: it finds the problem and its remedy, and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority, issueRoot } from '../../../src/authority/keys/certificate-authority.ts';
import { privateKeyFrom } from '../../../src/authority/keys/pki.ts';
import { alice, mallory } from '../../support/account.ts';
import { fillDisk } from '../../support/disk/fill-disk.ts';
import { otherContent, otherMode, otherOwner } from '../../support/host/changed.ts';
import { ExaminedHost } from '../../support/host/doctor.ts';
import { RUN_FOLDER, SUDOERS } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { Person } from '../../support/server/person.ts';

const PORT = 2212;
const RULES = '/etc/sudoers.d/latchkey';
const ALLOWED =
  '(ALL, !root, !#0) NOPASSWD: NOSETENV: /usr/bin/latchkey link --daemon, /usr/bin/latchkey link --end-sessions';
const DAY_MS = 86_400_000;
const RESTART = 'stop the server, then: latchkey serve';

let host: ExaminedHost;

beforeAll(async () => {
  host = await ExaminedHost.start(PORT);
});
afterAll(() => host?.[Symbol.asyncDispose]());

describe('about files and folders the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  test('a private key that others can read', async () => {
    const key = host.pki('ca.key');
    using _ = otherMode(key, 0o644);
    expect((await host.examine()).problem('files')).toEqual({
      summary: `${key} has mode 0644, so that others can read it; expected 0600`,
      remedy: `chmod 0600 ${key}`,
    });
  });

  test('a private key that the server cannot read', async () => {
    const key = host.pki('jwt.key');
    using _ = otherOwner(key, 0);
    expect((await host.examine()).problem('files')).toEqual({
      summary: `cannot read ${key}: permission denied`,
      remedy: `chown latchkey ${key} && chmod 0600 ${key}`,
    });
  });

  test('a missing private key', async () => {
    const key = host.pki('ca.key');
    using _ = otherContent(key, undefined);
    expect((await host.examine()).problem('files').summary).toBe(`${key} is missing`);
  });

  test('a state folder that others can read', async () => {
    const { stateFolder } = host.daemon;
    using _ = otherMode(stateFolder, 0o755);
    expect((await host.examine()).problem('folders')).toEqual({
      summary: `${stateFolder} has mode 0755, so that others can read it; expected 0700`,
      remedy: `chmod 0700 ${stateFolder}`,
    });
  });

  test('a state folder of another user', async () => {
    const { stateFolder } = host.daemon;
    using _ = otherOwner(stateFolder, mallory.uid);
    expect((await host.examine()).of('folders')).toContainEqual({
      status: 'problem',
      summary: `${stateFolder} belongs to uid 7002; expected uid 7100`,
      remedy: `chown 7100 ${stateFolder}`,
    });
  });

  test('a folder in which links cannot create sockets', async () => {
    const links = join(RUN_FOLDER, 'links');
    using _ = otherMode(links, 0o755);
    expect((await host.examine()).problem('folders')).toEqual({
      summary: `${links} has mode 0755; links need 3733`,
      remedy: `chmod 3733 ${links}`,
    });
  });

  test('a database that others can read', async () => {
    using _ = otherMode(host.database, 0o640);
    expect((await host.examine()).problem('database')).toEqual({
      summary: `${host.database} is accessible to others`,
      remedy: `chmod 0600 ${host.database}`,
    });
  });

  test('a reserve that is too small', async () => {
    using _ = otherContent(`${host.database}-reserve`, 'little');
    const summaries = (await host.examine()).warnings('disk').map(({ summary }) => summary);
    expect(summaries).toContain('the disk space reserved for revocations is missing');
  });

  test('a nearly full disk, a full one, and one that can hold few more files', async () => {
    const small = '/mnt/small';
    mkdirSync(small, { mode: 0o700 });
    const mount = (...options: string[]) => execFileSync('mount', [...options, 'small', small]);
    mount('-t', 'tmpfs', '-o', 'size=48m,nr_inodes=60');
    const env = { LATCHKEY_STORE_URL: `sqlite:${small}/latchkey.db` };
    const crowded = (await host.examine(env)).problem('disk');
    execFileSync('mount', ['-o', 'remount,size=48m,nr_inodes=9999', small]);
    const narrow = (await host.examine(env)).warnings('disk');
    fillDisk(small);
    const full = (await host.examine(env)).problem('disk');
    execFileSync('umount', [small]);
    const remedy = `df -h ${small}; df -i ${small}: free some space`;
    expect(crowded).toEqual({
      summary: expect.stringMatching(/^only \d\d more files can be created in /),
      remedy,
    });
    expect(narrow).toEqual([{ summary: expect.stringMatching(/^only 4\d MiB are free in /), remedy }]);
    expect(full).toEqual({ summary: `only 0 MiB are free in ${small}`, remedy });
  });
});

describe('about sudo the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  const good = readFileSync(SUDOERS, 'utf8');

  test('a missing rule', async () => {
    using _ = otherContent(RULES, undefined);
    const { summary, remedy } = (await host.examine()).problem('sudo');
    expect(summary).toMatch(/^sudo does not let latchkey start a link for \w+ or \d+ other users$/);
    expect(remedy).toBe(`in ${RULES}, mode 0440: latchkey ALL = ${ALLOWED}; or links.sudo: false`);
  });

  test.for<[string, string, string | RegExp]>([
    ['a password', good.replaceAll('NOPASSWD: ', ''), 'sudo asks latchkey for a password'],
    ['links of root', good.replaceAll(', !root, !#0', ''), 'sudo lets latchkey start a link of root'],
    [
      'one more command',
      `${good}latchkey ALL = (alice) NOPASSWD: /bin/ls /mnt\n`,
      'sudo lets latchkey run /bin/ls /mnt',
    ],
    [
      'a shell',
      `${good}latchkey ALL = (ALL, !root) NOPASSWD: /bin/sh\n`,
      /^sudo lets latchkey run \/bin\/sh as \w+$/,
    ],
  ])('%s', async ([, rules, wanted]) => {
    using _ = otherContent(RULES, rules);
    const { summary, remedy } = (await host.examine()).problem('sudo');
    expect(summary).toMatch(wanted);
    expect(remedy).toMatch(/^in \/etc\/sudoers\.d\/latchkey/);
  });

  test('a file that sudo rejects', async () => {
    const remedy = `chown root: ${RULES} && chmod 0440 ${RULES} && visudo -f ${RULES}`;
    using mode = otherMode(RULES, 0o666);
    expect((await host.examine()).problem('sudo')).toEqual({
      summary: `visudo --check: ${RULES}: bad permissions, should be mode 0440`,
      remedy,
    });
    mode[Symbol.dispose]();
    using _ = otherContent(RULES, `${good}so not\n`);
    const wrong = (await host.examine()).problem('sudo');
    expect(wrong).toEqual({ summary: expect.stringMatching(/^visudo --check: .*syntax error/), remedy });
  });

  test('a program that others can change', async () => {
    using _ = otherMode(program(), 0o777);
    expect((await host.examine()).problem('sudo')).toEqual({
      summary: '/usr/bin/latchkey can be changed by users other than root',
      remedy: 'chown root: /usr/bin/latchkey && chmod go-w /usr/bin/latchkey',
    });
  });

  test('nothing when links.sudo is false', async () => {
    const examined = await host.examine({ LATCHKEY_LINKS_SUDO: 'false' });
    expect(examined.status).toBe(0);
    expect(examined.of('sudo')).toEqual([
      { status: 'skipped', summary: 'links.sudo is false', remedy: null },
    ]);
  });
});

describe('about certificates and the clock the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  const keyOfAuthority = () => privateKeyFrom(host.pki('ca.key'), readFileSync(host.pki('ca.key')));

  /** Issues a certificate for the server, valid for `days` days from `agoDays` days ago. */
  async function made(agoDays: number, days: number): Promise<string> {
    const ca = new CertificateAuthority(readFileSync(host.pki('ca.pem'), 'utf8'), keyOfAuthority());
    const publicKey = createPublicKey(readFileSync(host.pki('tls.key')));
    const server = { names: [hostname().toLowerCase()], addresses: [] };
    return ca.issue({ commonName: 'x', publicKey, nowMs: Date.now() - agoDays * DAY_MS, days, server });
  }

  const day = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

  test('a certificate that has expired', async () => {
    using _ = otherContent(host.pki('tls.pem'), await made(20, 10));
    expect((await host.examine()).problem('certificates')).toEqual({
      summary: `the server's certificate has expired on ${day(-10)}`,
      remedy: RESTART,
    });
  });

  test('a certificate that expires soon', async () => {
    using _ = otherContent(host.pki('tls.pem'), await made(20, 40));
    expect((await host.examine()).warnings('certificates')).toEqual([
      { summary: `the server's certificate expires on ${day(20)}`, remedy: RESTART },
    ]);
  });

  test('a certificate that does not name the host', async () => {
    const examined = await host.examine({ LATCHKEY_SERVER_HOSTNAME: 'other.example' });
    expect(examined.warnings('certificates')).toEqual([
      {
        summary: "the server's certificate does not name other.example",
        remedy: `${RESTART}; or server.hostname: a DNS name`,
      },
    ]);
  });

  test('an authority that the server does not use, issued in the future', async () => {
    const pem = await issueRoot('other', keyOfAuthority(), Date.now() + 3 * DAY_MS);
    using _ = otherContent(host.pki('ca.pem'), pem);
    const examined = await host.examine();
    const summaries = examined.of('certificates').map(({ summary }) => summary);
    expect(summaries).toContain("the server's certificate was not issued by its authority");
    expect(examined.of('daemon')).toMatchObject([{ status: 'problem' }]);
    expect(examined.of('clock')).toEqual([
      {
        status: 'problem',
        summary: expect.stringMatching(/, which is before the server's authority was created$/),
        remedy: 'timedatectl set-ntp true',
      },
    ]);
  });
});

describe('about users, PAM and versions the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  test('unknown users and groups in the configuration', async () => {
    const names = { LATCHKEY_LINKS_ELIGIBLE_USERS: 'ghost', LATCHKEY_ROLES_ADMIN_GROUPS: 'unix:ghosts' };
    expect((await host.examine(names)).warnings('users')).toEqual([
      { summary: 'links.eligible.users names ghost, an unknown user', remedy: 'getent passwd ghost' },
      { summary: 'roles.admin.groups names ghosts, an unknown group', remedy: 'getent group ghosts' },
    ]);
  });

  test('settings that were changed and that the server does not use yet', async () => {
    const env = { LATCHKEY_TOKENS_LIFETIME: '1h', LATCHKEY_TOKENS_ALGORITHM: 'EdDSA' };
    const still = 'but the server still uses';
    expect((await host.examine(env)).warnings('daemon')).toEqual([
      {
        summary: `tokens.algorithm was changed to EdDSA, ${still} ES256`,
        remedy: RESTART,
      },
      {
        summary: `tokens.lifetime was changed to 1h, ${still} 8h`,
        remedy: 'send SIGHUP to the server',
      },
    ]);
  });

  test('a PAM service that is missing, or that others can change', async () => {
    const file = '/etc/pam.d/latchkey';
    chmodSync(file, 0o666);
    const loose = await host.examine();
    chmodSync(file, 0o644);
    expect(loose.problem('pam').remedy).toBe(`chown root:root ${file} && chmod 0644 ${file}`);
    using _ = otherContent(file, undefined);
    expect((await host.examine()).warnings('pam')).toEqual([
      {
        summary: `${file} is missing: links do not notice an expired account`,
        remedy: `printf 'account required pam_unix.so\\n' >${file}`,
      },
    ]);
  });

  test('a server and links of other versions', async () => {
    const file = join(RUN_FOLDER, 'server.json');
    using _ = otherContent(
      file,
      readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, '"version": "0.0.1"'),
    );
    await using person = await Person.start(alice);
    await person.meet(host.daemon);
    const { socket, reason, message } = await person.issue();
    expect({ reason, message }).toEqual({ reason: undefined, message: '' });
    const examined = await host.examine();
    expect(examined.warnings('daemon')).toEqual([
      { summary: expect.stringMatching(/^it has version 0\.0\.1, this program \d/), remedy: RESTART },
    ]);
    expect(examined.warnings('links')).toEqual([
      {
        summary: expect.stringMatching(/^alice's link has version bare, not \d/),
        remedy: `latchkey links stop ${socket} --local-admin`,
      },
    ]);
  });
});
