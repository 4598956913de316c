/**
 * Programs of a link that sudo has started have what PAM gives to a login of their user: limits, umask,
 * variables, private folders (/etc/pam.d/latchkey-link).
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Account, type Finished, root, service } from '../../support/account.ts';
import { install, RUN_FOLDER } from '../../support/host/installed.ts';
import { processesOf } from '../../support/host/truth.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2207;
const PASSWORD = 'Correct horse 7';
const LIMITS = '/etc/security/limits.d/nina.conf';
const SERVICE = '/etc/pam.d/latchkey-link';
const NAMESPACES = '/etc/security/namespace.conf';
const SUDO_SERVICE = '/etc/pam.d/sudo';
/** Is read after the package's file. */
const OTHER_SUDOERS = '/etc/sudoers.d/zz-for-everybody';
const MANY_PROCESSES = 300;

/**
 * An account of this file alone: the kernel counts the processes of a uid in all worlds of the machine, also
 * those that have ended and that no process waits for.
 */
const nina: Account = { name: 'nina', uid: randomInt(20_000, 60_000), home: '/mnt/home/nina' };

let sshd: TestSshd;
let daemon: TestDaemon;
let before: ReadonlyMap<string, string>;

/** Removes nina's link, so that the next start makes one. */
async function stopLink(): Promise<void> {
  for (const { socket } of await daemon.as(root).links('--local-admin', '--user', 'nina'))
    await daemon.cli(root, ['links', 'stop', socket, '--local-admin']);
}

function start(...command: string[]): Promise<Finished> {
  return daemon.cli(nina, ['start', '--', ...command]);
}

/** Restarts the server, which waits for some seconds after a start that has failed. */
async function daemonMayTryAgain(): Promise<void> {
  await daemon.end();
  await daemon.serve();
}

/** Starts a link of nina with these limits, lines of limits.conf(5) without the name. */
async function limitedTo(...lines: string[]): Promise<void> {
  await stopLink();
  writeFileSync(LIMITS, lines.map((line) => `nina ${line}\n`).join(''));
}

/** Sets the server's soft limit of processes; returns the one that it had. */
function limitServer(processes: string): string {
  const options = { encoding: 'utf8', uid: service.uid, gid: service.uid } as const;
  const ofServer = ['--pid', `${daemon.pid}`];
  const words = [...ofServer, '--nproc', '--noheadings', '--output', 'SOFT'];
  const before = execFileSync('prlimit', words, options).trim();
  execFileSync('prlimit', [...ofServer, `--nproc=${processes}:`], options);
  return before;
}

describe('a link that sudo starts', needs('world', 'sudo', 'sshd'), () => {
  beforeAll(async () => {
    install();
    const { uid, home } = nina;
    const options = ['--uid', `${uid}`, '--user-group', '--create-home', '--home-dir', home];
    execFileSync('useradd', [...options, '--shell', '/bin/sh', 'nina'], { stdio: 'ignore' });
    setPasswords({ nina: PASSWORD });
    const files = ['/etc/environment', '/etc/default/locale', '/etc/login.defs', NAMESPACES];
    const changed = [...files, SERVICE, SUDO_SERVICE];
    before = new Map(changed.map((path) => [path, existsSync(path) ? readFileSync(path, 'utf8') : '']));
    sshd = await TestSshd.start(PORT);
    daemon = await TestDaemon.start({
      as: service,
      run: RUN_FOLDER,
      config: { login: { ssh: sshd.settings } },
    });
    const login = ['login', '--answers-stdin', '--', 'nina@'];
    const run = await daemon.cli(nina, login, { input: `${PASSWORD}\n` });
    expect(run, daemon.log).toMatchObject({ status: 0 });
  });
  afterEach(async () => {
    await stopLink();
    for (const path of [LIMITS, OTHER_SUDOERS]) rmSync(path, { force: true });
    for (const [path, text] of before) writeFileSync(path, text);
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    await sshd?.[Symbol.asyncDispose]();
    execFileSync('userdel', ['--force', '--remove', 'nina'], { stdio: 'ignore' });
  });

  test('gives programs the limits, hard and soft, and the umask of PAM (X10)', async () => {
    await limitedTo(
      'hard nproc 64',
      'hard fsize 100000',
      'hard nofile 4096',
      'soft nofile 2048',
      'soft stack 4096',
      'hard core unlimited',
    );
    writeFileSync('/etc/login.defs', 'UMASK 027\nUSERGROUPS_ENAB no\n');
    appendFileSync(SERVICE, 'session optional pam_umask.so\n');
    const { stdout, stderr } = await start('sh', '-c', 'umask; cat /proc/self/limits /proc/self/loginuid');
    expect(stderr, daemon.log).toBe('');
    expect(stdout).toMatch(/^0027\n/);
    expect(stdout).toMatch(/^Max processes +64 +64 /m);
    expect(stdout).toMatch(/^Max file size +102400000 +102400000 /m);
    expect(stdout).toMatch(/^Max open files +2048 +4096 /m);
    expect(stdout).toMatch(/^Max stack size +4194304 /m);
    expect(stdout).toMatch(new RegExp(`^${nina.uid}$`, 'm'));
  });

  test('runs programs within small limits', async () => {
    await limitedTo('hard nproc 64', 'hard nofile 300', 'hard fsize 100');
    const runs = await Promise.all(
      Array.from({ length: 5 }, (_, at) => start('sh', '-c', `seq ${at} 50000`)),
    );
    for (const { status, stdout, stderr } of runs)
      expect({ status, stderr, end: stdout.slice(-6) }).toEqual({ status: 0, stderr: '', end: '50000\n' });
    const trapped = await start('sh', '-c', 'dd if=/dev/zero of=$HOME/large bs=1024 count=200; echo $?');
    expect(trapped.stderr).toMatch(/File size limit exceeded|File too large/);
    const ignored = await start('sh', '-c', 'grep SigIgn /proc/self/status');
    expect(ignored.stdout).toBe('SigIgn:\t0000000000000000\n');
  });

  test('gives programs the umask of sshd where PAM sets none, though the server has another', async () => {
    await stopLink();
    expect((await start('sh', '-c', 'umask; ulimit -n')).stdout).toBe('0022\n1024\n');
  });

  test('gives programs the variables of PAM, also those that would steer Node (X10)', async () => {
    await stopLink();
    const steering = 'NODE_OPTIONS="--title=steered"\nSSL_CERT_FILE=/etc/own.pem\nLD_BIND_NOW=1\nUV_X=1\n';
    writeFileSync('/etc/environment', `PATH=/opt/x/bin:/usr/bin:/bin\nhttp_proxy=http://p:1\n${steering}`);
    writeFileSync('/etc/default/locale', 'LANG="C.UTF-8"\n');
    const { stdout } = await start('env');
    const variables = stdout.trim().split('\n').sort();
    expect(variables.filter((line) => !/^(LATCHKEY_SESSION_ID|PWD)=/.test(line))).toEqual([
      `HOME=${nina.home}`,
      'LANG=C.UTF-8',
      'LD_BIND_NOW=1',
      'LOGNAME=nina',
      'NODE_OPTIONS=--title=steered',
      'PATH=/opt/x/bin:/usr/bin:/bin',
      'SHELL=/bin/sh',
      'SSL_CERT_FILE=/etc/own.pem',
      'USER=nina',
      'UV_X=1',
      'http_proxy=http://p:1',
    ]);
    const [link] = await daemon.as(root).links('--local-admin', '--user', 'nina');
    expect(readFileSync(`/proc/${link?.pid}/environ`, 'utf8')).not.toMatch(/(^|\0)(NODE|LD|SSL_CERT|UV)_/);
  });

  test('has a private /tmp where PAM makes one, for as long as it runs (X10)', async () => {
    await stopLink();
    mkdirSync('/mnt/tmp-inst', { mode: 0o000, recursive: true });
    writeFileSync(NAMESPACES, '/tmp /mnt/tmp-inst/ user root\n');
    expect(await start('sh', '-c', 'echo here >/tmp/private')).toMatchObject({ status: 0, stderr: '' });
    expect((await start('cat', '/tmp/private')).stdout).toBe('here\n');
    expect(existsSync('/tmp/private')).toBe(false);
    expect(readFileSync('/mnt/tmp-inst/nina/private', 'utf8')).toBe('here\n');
  });

  test('works where sudo has other settings for everybody else', async () => {
    await stopLink();
    const settings = 'Defaults requiretty, use_pty, noexec, intercept, log_subcmds\n';
    writeFileSync(OTHER_SUDOERS, settings, { mode: 0o440 });
    const run = await start('sh', '-c', '/bin/echo one; /bin/echo two');
    expect(run, daemon.log).toMatchObject({ status: 0, stdout: 'one\ntwo\n', stderr: '' });
  });

  test('has its sessions ended when its user has too many processes, and PAM works for nobody', async () => {
    await stopLink();
    const many = `for i in $(seq ${MANY_PROCESSES}); do sleep 1234 & done; wait`;
    const { stdout: id } = await daemon.cli(nina, ['start', '--detach', '--', 'sh', '-c', many]);
    const left = () => processesOf(nina).filter(({ command }) => command === 'sleep 1234').length;
    await expect.poll(left, { timeout: 20_000 }).toBe(MANY_PROCESSES);
    for (const { pid } of await daemon.as(root).links('--local-admin', '--user', 'nina'))
      process.kill(pid, 'SIGKILL');
    writeFileSync(LIMITS, 'nina hard nproc 1\n');
    writeFileSync(SERVICE, '@include no-such-file\n');
    writeFileSync(SUDO_SERVICE, 'account required pam_deny.so\nsession required pam_deny.so\n');
    const usual = limitServer(`${MANY_PROCESSES}`);
    try {
      const ended = await daemon.cli(root, ['sessions', 'end', id.trim(), '--local-admin']);
      expect(ended, daemon.log).toMatchObject({ status: 0 });
      expect(left()).toBe(0);
    } finally {
      limitServer(usual);
    }
  });

  test.for([
    ['the address space', 'hard as 300000'],
    ['its data', 'hard data 100000'],
    ['processes', 'hard nproc 3'],
    ['descriptors', 'hard nofile 12'],
  ])('that does not fit into a limit of %s fails, and the user reads why', async ([, limit = '']) => {
    await daemonMayTryAgain();
    await limitedTo(limit);
    const { status, stdout, stderr } = await start('true');
    expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toMatch(/its limits are too low \(limits\.conf\(5\): as, data, nofile, nproc;/);
  });

  test('is not started when PAM cannot make it, or opens no session', async () => {
    await stopLink();
    writeFileSync(NAMESPACES, '/tmp /mnt/no-such-folder/file/ user root\n');
    writeFileSync('/mnt/no-such-folder', '');
    await daemonMayTryAgain();
    const { status, stdout, stderr } = await start('true');
    expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toContain('PAM opens no session for the account: Permission denied');
  });
});
