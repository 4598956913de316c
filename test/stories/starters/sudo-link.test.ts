/** Starts without a link daemon: the server starts one through sudo, for users who may have one. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Account,
  alice,
  dora,
  type Finished,
  mallory,
  root,
  runAs,
  service,
} from '../../support/account.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { processesOf } from '../../support/host/truth.ts';
import { needs } from '../../support/needs.ts';
import type { Link } from '../../support/server/caller.ts';
import { type DaemonOptions, TestDaemon } from '../../support/server/daemon.ts';
import { type Answer, Rpc } from '../../support/server/rpc.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2206;
const LINE = ['/usr/bin/latchkey', 'link', '--daemon'];
const PASSWORD = 'Correct horse 6';
/** Variables of the server's environment that no link may get. */
const HOSTILE = {
  LD_PRELOAD: '/mnt/hostile.so',
  NODE_OPTIONS: '--title=hostile',
  BASH_ENV: '/mnt/hostile.sh',
  ENV: '/mnt/hostile.sh',
};

let sshd: TestSshd;
let daemon: TestDaemon;

function linksOf({ name }: Account): Promise<readonly Link[]> {
  return daemon.as(root).links('--local-admin', '--user', name);
}

/** Logs `account` in over SSH, and stops the link daemon that this started. */
async function loggedInWithoutLink(account: Account): Promise<void> {
  const before = new Set(processesOf(account).map(({ pid }) => pid)); // other stories may have left some
  const run = await daemon.cli(account, ['login', '--answers-stdin', '--', `${account.name}@`], {
    input: `${PASSWORD}\n`,
  });
  expect(run, daemon.log).toMatchObject({ status: 0 });
  await stopLinks(account);
  // Those of sshd, for one: usermod(8) wants none.
  await expect.poll(() => processesOf(account).filter(({ pid }) => !before.has(pid))).toEqual([]);
}

async function stopLinks(account: Account): Promise<void> {
  for (const { socket } of await linksOf(account))
    await daemon.cli(root, ['links', 'stop', socket, '--local-admin']);
  expect(await linksOf(account)).toEqual([]);
}

const start = (account: Account, ...command: string[]): Promise<Finished> =>
  daemon.cli(account, ['start', '--', ...command]);

function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
}

async function serve(options: DaemonOptions): Promise<void> {
  await daemon?.[Symbol.asyncDispose]();
  const config = { login: { ssh: sshd.settings }, ...options.config };
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, ...options, config });
}

beforeAll(async () => {
  install();
  writeFileSync(HOSTILE.BASH_ENV, 'export HOSTILE=1\n', { mode: 0o644 });
  setPasswords({ alice: PASSWORD, mallory: PASSWORD, dora: PASSWORD });
  sshd = await TestSshd.start(PORT);
  await serve({ env: HOSTILE });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

describe('a start by a user without a link daemon', needs('world', 'sudo', 'sshd'), () => {
  beforeEach(() => loggedInWithoutLink(alice));

  test("has sudo start one, as that user and with nothing from the server's environment (F19)", async () => {
    const run = await start(alice, 'sh', '-c', 'id -un; id -Gn; umask; env');
    expect(run, daemon.log).toMatchObject({ status: 0, stderr: '' });
    const [name, groups, umask, ...environment] = run.stdout.trim().split('\n');
    expect([name, groups, umask]).toEqual(['alice', 'alice', '0022']);
    expect(environment.join('\n')).not.toMatch(/hostile|SUDO/i);
    const [link] = await linksOf(alice);
    const own = environmentOf(link?.pid ?? 0);
    expect(own).toContain('SUDO_USER=latchkey');
    expect(own.join('\n')).not.toMatch(/hostile/i);
    expect(readFileSync(`/proc/${link?.pid}/maps`, 'utf8')).not.toMatch(/hostile/);
    expect(readFileSync(`/proc/${link?.pid}/status`, 'utf8')).toMatch(/^Uid:\t7001\t7001\t7001\t7001$/m);
  });

  test('shares it with other starts at the same time', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => start(alice, 'id', '-un')));
    expect(runs.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 5 }, () => 'alice\n'));
    await daemon.logged(/"daemon":true,"msg":"a link is ready"/);
    expect(await linksOf(alice)).toHaveLength(1);
  });

  test('has links start do only that, and print the link daemon that exists', async () => {
    const first = await daemon.cli(alice, ['links', 'start']);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.stdout).toBe(`${(await linksOf(alice))[0]?.socket}\n`);
    expect((await daemon.cli(alice, ['links', 'start'])).stdout).toBe(first.stdout);
  });
});

describe('sudo starts no link for', needs('world', 'sudo', 'sshd'), () => {
  const asBefore = ['--unlock', '--expiredate', '', '--shell', '/bin/sh', '--uid', `${dora.uid}`];
  const change = (...options: string[]) => execFileSync('usermod', [...options, 'dora'], { stdio: 'ignore' });

  test.for<[string, string[], Account]>([
    ['an account with a locked password', ['--lock'], dora],
    ['an expired account', ['--expiredate', '1970-01-02'], dora],
    ['an account without a login shell', ['--shell', '/usr/sbin/nologin'], dora],
    ['an account for SFTP only', ['--shell', '/usr/lib/openssh/sftp-server'], dora],
    ['an account whose uid has changed', ['--uid', '7055'], { ...dora, uid: 7055 }],
  ])('%s', async ([, options, now]) => {
    await loggedInWithoutLink(dora);
    change(...options);
    try {
      const { status, stdout, stderr } = await start(now, 'id');
      expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
      expect(stderr).toMatch(/^latchkey: account "dora" .*\n$/);
      expect(await linksOf(dora)).toEqual([]);
    } finally {
      change(...asBefore);
    }
  });

  test('an expired account where the server cannot read shadow: PAM tells the link', async () => {
    await serve({ as: { ...service, groups: [] } });
    await loggedInWithoutLink(dora);
    change('--expiredate', '1970-01-02');
    try {
      const { status, stderr } = await start(dora, 'id');
      expect(status).toBe(255);
      expect(stderr).toMatch(/^latchkey: dora has no link daemon .*\n$/);
      await daemon.logged(/account dora may not be used now/);
      expect(await linksOf(dora)).toEqual([]);
    } finally {
      change(...asBefore);
    }
  });
});

describe('an administrator', needs('world', 'sudo', 'sshd'), () => {
  test('who has not installed the sudoers file reads why in the log, and sudo is run only once', async () => {
    await serve({});
    await loggedInWithoutLink(mallory);
    rmSync('/etc/sudoers.d/latchkey');
    using rpc = new Rpc(daemon.serverFile);
    const token = daemon.storedToken(mallory);
    const ask = (): Promise<Answer> => rpc.unary('/latchkey.v1.LinkService/StartLink', undefined, token);
    const answers = await Promise.all([ask(), ask(), ask()]);
    install();
    for (const { reason, message } of answers) {
      expect(reason).toBe('LINK_REQUIRED');
      expect(message).toMatch(/^mallory has no link daemon/);
      expect(message).not.toMatch(/sudo|password/);
    }
    await daemon.logged(/sudo ended with 1: sudo: a password is required/);
    expect(daemon.log.match(/"msg":"cannot start a link daemon"/g)).toHaveLength(1);
  });

  test('whose sudoers file allows too much still gets no link of root', async () => {
    await serve({ config: { links: { eligible: { users: ['root'] } } } });
    writeFileSync('/etc/sudoers.d/latchkey', `latchkey ALL = (ALL) NOPASSWD: ${LINE.join(' ')}\n`);
    const run = await runAs(service, ['/usr/bin/sudo', '-n', ...LINE], { cwd: '/' }).finished;
    install();
    expect(run).toMatchObject({
      status: 1,
      stderr: 'latchkey link: the server may not start a link for uid 0\n',
    });
    expect(await linksOf(root)).toEqual([]);
  });

  test('turns it off, and a start says what to do instead (F19)', async () => {
    await serve({ config: { links: { sudo: false } } });
    await loggedInWithoutLink(mallory);
    const run = await start(mallory, 'id');
    expect(run).toMatchObject({ status: 255, stdout: '' });
    expect(run.stderr).toMatch(/latchkey link --daemon/);
    expect(await linksOf(mallory)).toEqual([]);
  });
});
