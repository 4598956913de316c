/**
 * Starts with what a login gets now (X10): a link that was started before a change of groups, home, shell or
 * of the host's settings for logins starts nothing more; its running sessions go on.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../../src/client/connect/connect.ts';
import { type Link, LinkState } from '../../../src/generated/latchkey/v1/link.ts';
import { linkState } from '../../../src/terminal/state-words.ts';
import { alice, root, runAs, service } from '../../support/account.ts';
import { clientOf, ended, type Ran, ran, started } from '../../support/clients/without-command-line.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { converse } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2216;
const PASSWORD = 'Correct horse 9';
const TEAM = { name: 'team', gid: 7201 };
const FILES = ['/etc/passwd', '/etc/group', '/etc/gshadow', '/etc/environment', '/etc/pam.d/latchkey-link'];
const SECRET = '/mnt/secret';
const GO = '/mnt/go';
const { READY } = LinkState;
const PATIENT = { timeout: 20_000 };

let sshd: TestSshd;
let daemon: TestDaemon;
/** Token of alice's last login, and a client that has it. */
let token: string;
let client: Client;
let before: string[];

async function serve(config: Record<string, unknown> = {}): Promise<void> {
  await daemon?.[Symbol.asyncDispose]();
  const settings = { login: { ssh: sshd.settings }, ...config };
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, config: settings });
}

async function logIn(): Promise<void> {
  const held = await converse(daemon, 'alice', [PASSWORD]);
  expect(held.token, daemon.log).toBeDefined();
  await use(held.token);
}

async function use(value = ''): Promise<void> {
  await client?.close();
  token = value;
  client = await clientOf(daemon, token);
}

const start = (...command: string[]): Promise<Ran> => ran(client, ...command);

async function linksOf(): Promise<readonly Link[]> {
  await using admin = await clientOf(daemon);
  return (await admin.links.listLinks({ filter: { linuxUser: 'alice' } })).links;
}

async function states(): Promise<string[]> {
  return (await linksOf()).map((link) => linkState(link).text).sort();
}

async function socketOf(): Promise<string | undefined> {
  return (await linksOf()).find(({ state }) => state === READY)?.socket;
}

const join = (): void => void execFileSync('gpasswd', ['-a', 'alice', TEAM.name], { stdio: 'ignore' });
const leave = (): void => void execFileSync('gpasswd', ['-d', 'alice', TEAM.name], { stdio: 'ignore' });

/** Starts the server again; resolves when it has found alice's link. */
async function served(): Promise<void> {
  await daemon.serve();
  await expect.poll(socketOf, PATIENT).toBeDefined();
}

/** Changes alice's line of /etc/passwd. */
function rewrite(change: (line: string) => string): void {
  const text = readFileSync('/etc/passwd', 'utf8');
  writeFileSync('/etc/passwd', text.replace(/^alice:.*$/m, change));
}

/** Limits the files that alice's programs may open. */
function limitFiles(limit: number): void {
  mkdirSync('/etc/security/limits.d', { recursive: true });
  writeFileSync('/etc/security/limits.d/story.conf', `alice hard nofile ${limit}\n`);
}

beforeAll(async () => {
  install();
  setPasswords({ alice: PASSWORD });
  execFileSync('groupadd', ['-g', `${TEAM.gid}`, TEAM.name]);
  writeFileSync(SECRET, 'for the team\n', { mode: 0o040 });
  chownSync(SECRET, 0, TEAM.gid);
  sshd = await TestSshd.start(PORT);
});
beforeEach(() => {
  before = FILES.map((path) => readFileSync(path, 'utf8'));
});
afterEach(async () => {
  for (const [at, path] of FILES.entries()) writeFileSync(path, before[at] ?? '');
  rmSync('/etc/security/limits.d/story.conf', { force: true });
  rmSync(GO, { force: true });
  await using admin = await clientOf(daemon);
  await admin.tokens.revokeTokens({ selection: { $case: 'login', value: 'alice' }, endSessions: true });
  await expect.poll(linksOf, PATIENT).toEqual([]);
});
afterAll(async () => {
  await client?.close();
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

describe('a start after a change', needs('world', 'sudo', 'sshd'), () => {
  beforeAll(() => serve());

  test('has no group that was taken away, while a session from before goes on (X10)', async () => {
    join();
    await logIn();
    const script = `until [ -e ${GO} ]; do sleep 0.1; done; id -Gn`;
    const held = await started(client, 'sh', '-c', script);
    expect(await start('cat', SECRET)).toMatchObject({ status: 0, stdout: 'for the team\n' });
    leave();
    expect(await start('id', '-Gn')).toMatchObject({ status: 0, stdout: 'alice\n', stderr: '' });
    expect((await start('cat', SECRET)).stderr).toMatch(/Permission denied/);
    await daemon.logged(/"linuxUser":"alice","changed":\["groups"\]/);
    expect(await states()).toEqual(['ready', 'retiring']);
    writeFileSync(GO, '');
    expect(await ended(client, held)).toMatchObject({ status: 0, stdout: 'alice team\n' });
    await expect.poll(states, PATIENT).toEqual(['ready']);
  });

  test('has a group that was added, also after links start and a login (X10)', async () => {
    await logIn();
    const old = await socketOf();
    join();
    const { stdout } = await daemon.cli(alice, ['links', 'start'], { env: { LATCHKEY_TOKEN: token } });
    expect(stdout).toBe(`${await socketOf()}\n`);
    expect(stdout).not.toBe(`${old}\n`);
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice team\n' });
    leave();
    await logIn();
    expect(stdout).not.toBe(`${await socketOf()}\n`);
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice\n' });
  });

  test('leaves no links behind but those with sessions', async () => {
    await logIn();
    await started(client, 'sleep', '1000');
    for (let count = 0; count < 4; count += 1) {
      limitFiles(3000 + count);
      expect(await start('true')).toMatchObject({ status: 0 });
    }
    await expect.poll(states, PATIENT).toEqual(['ready', 'retiring']);
  });

  test('has the home directory and shell of now (X10)', async () => {
    await logIn();
    await start('true');
    mkdirSync('/mnt/home/moved', { recursive: true, mode: 0o700 });
    chownSync('/mnt/home/moved', alice.uid, alice.uid);
    rewrite((line) => line.replace('/mnt/home/alice:/bin/sh', '/mnt/home/moved:/bin/bash'));
    const run = await start('sh', '-c', 'pwd; echo $HOME $SHELL');
    expect(run).toMatchObject({ stdout: '/mnt/home/moved\n/mnt/home/moved /bin/bash\n' });
    await daemon.logged(/"changed":\["home directory","login shell"\]/);
  });

  test.each<[string, () => void, string, string]>([
    ['/etc/security/limits.d', () => limitFiles(3456), 'ulimit -Hn', '3456\n'],
    [
      '/etc/environment',
      () => appendFileSync('/etc/environment', 'http_proxy=http://p:1\n'),
      'echo $http_proxy',
      'http://p:1\n',
    ],
    [
      '/etc/pam.d',
      () => appendFileSync('/etc/pam.d/latchkey-link', 'session required pam_umask.so umask=0027\n'),
      'umask',
      '0027\n',
    ],
  ])('of %s has what it says now, through a new link (X10)', async (path, change, script, stdout) => {
    await logIn();
    expect((await start('sh', '-c', script)).stdout).not.toBe(stdout);
    const old = await socketOf();
    change();
    expect(await start('sh', '-c', script)).toMatchObject({ status: 0, stdout, stderr: '' });
    expect(await socketOf()).not.toBe(old);
    await daemon.logged(new RegExp(`"changed":\\["${path}"\\]`));
  });

  test('is made once for starts at the same time', async () => {
    await logIn();
    await start('true');
    const starts = (): (string | undefined)[][] => [
      daemon.log.match(/"daemon":true,"msg":"a link is ready"/g) ?? [],
      daemon.log.match(/"msg":"replaces a link daemon/g) ?? [],
    ];
    const [ready = [], replaced = []] = starts();
    join();
    const runs = await Promise.all(Array.from({ length: 5 }, () => start('id', '-Gn')));
    expect(runs.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 5 }, () => 'alice team\n'));
    await start('true');
    expect(starts().map(({ length }) => length)).toEqual([ready.length + 1, replaced.length + 1]);
  });

  test('that does not concern logins keeps its link, as does a restart of the server', async () => {
    await logIn();
    await start('true');
    const [link] = await linksOf();
    execFileSync('gpasswd', ['-a', 'bob', TEAM.name], { stdio: 'ignore' });
    rewrite((line) => line.replace(/^(alice:x:\d+:\d+:)[^:]*/, '$1Alice,Room 1'));
    for (let count = 0; count < 3; count += 1) expect(await start('true')).toMatchObject({ status: 0 });
    await daemon.end('SIGKILL');
    await served();
    for (let count = 0; count < 3; count += 1) expect(await start('true')).toMatchObject({ status: 0 });
    expect(await linksOf()).toMatchObject([{ socket: link?.socket, pid: link?.pid, state: READY }]);
    await daemon.end();
    join();
    await served();
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice team\n' });
    await daemon.logged(/"changed":\["groups"\]/);
  });

  test('is refused when sudo fails to start another link, unless only files have changed', async () => {
    await logIn();
    await start('true');
    rmSync('/etc/sudoers.d/latchkey');
    try {
      limitFiles(4000);
      expect(await start('echo', 'on')).toMatchObject({ status: 0, stdout: 'on\n' });
      join();
      const run = await daemon.cli(alice, ['start', '--', 'id'], { env: { LATCHKEY_TOKEN: token } });
      expect(run).toMatchObject({ status: 255, stdout: '' });
      expect(run.stderr).toMatch(/^latchkey: the groups of alice changed after this link was started; .*\n$/);
    } finally {
      install();
    }
  });
});

describe('where the server starts no links', needs('world', 'sshd'), () => {
  beforeAll(() => serve({ links: { sudo: false } }));

  test('a start is refused after a change of groups, until the next login (X10)', async () => {
    join();
    await logIn();
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice team\n' });
    const old = await socketOf();
    limitFiles(4000);
    expect(await start('true')).toMatchObject({ status: 0 });
    expect(await socketOf()).toBe(old);
    leave();
    const told = /the groups of alice changed .*log in to this host again/;
    await expect(start('cat', SECRET)).rejects.toThrow(told);
    await logIn();
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice\n' });
    const now = await socketOf();
    expect(now).not.toBe(old);
    appendFileSync('/etc/environment', 'http_proxy=http://p:1\n');
    await logIn();
    expect(await socketOf()).not.toBe(now);
    const latest = await socketOf();
    await logIn();
    expect(await socketOf()).toBe(latest);
  });

  test('a link in the foreground starts nothing after a change of groups (X10)', async () => {
    const link = await daemon.link(alice);
    await use(daemon.storedToken(alice));
    expect(await start('id', '-Gn')).toMatchObject({ stdout: 'alice\n' });
    limitFiles(4000);
    expect(await start('true')).toMatchObject({ status: 0 });
    join();
    const refused = await daemon.cli(alice, ['start', '--', 'true']);
    expect(refused).toMatchObject({ status: 255 });
    expect(refused.stderr).toMatch(/the groups of alice changed .*run there: latchkey link, or log in .*\n/);
    link.kill();
    await link.finished;
  });

  test('a link with a group that logins do not get is refused, and says which (X10)', async () => {
    const link = [program(), 'link', '--run', RUN_FOLDER];
    const withTeam = { ...alice, groups: [TEAM.name] };
    const refused = await runAs(withTeam, link).finished;
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey link: .*logins of alice do not get now: team; .*\n$/);
    const primary = await runAs(root, ['setpriv', '--reuid=7001', '--regid=7201', '--clear-groups', ...link])
      .finished;
    expect(primary.stderr).toMatch(/do not get now: team;/);
    writeFileSync('/etc/security/group.conf', '# pam_group\nsshd; *; alice; Al0000-2400; games, team\n');
    const accepted = runAs(withTeam, link);
    await accepted.printed(/ is logged in at /, 'stderr');
    accepted.kill();
    await accepted.finished;
    rmSync('/etc/security/group.conf');
  });
});
