/** The rules by which sudo lets the server start links: printed, installed, and what follows from them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Account,
  alice,
  type Finished,
  latchkey,
  mallory,
  root,
  runAs,
  service,
} from '../../support/account.ts';
import { install, RUN_FOLDER, SUDOERS } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2208;
const PASSWORD = 'Correct horse 9';
const FILE = '/etc/sudoers.d/latchkey';

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  install();
  execFileSync('groupadd', ['latchkey-users']);
  execFileSync('gpasswd', ['-a', 'alice', 'latchkey-users'], { stdio: 'ignore' });
  setPasswords({ alice: PASSWORD, mallory: PASSWORD });
  sshd = await TestSshd.start(PORT);
  const config = { login: { ssh: sshd.settings } };
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, config });
  for (const account of [alice, mallory])
    await daemon.cli(account, ['login', '--answers-stdin'], { input: `${PASSWORD}\n` });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

const config = (...words: string[]): Promise<Finished> =>
  latchkey(root, ['config', 'sudoers', ...words]).finished;

/** Starts the server anew, which forgets what has failed, and stops the links of the account. */
async function startAnew(account: Account, ...command: string[]): Promise<Finished> {
  await daemon.end();
  await daemon.serve();
  for (const { socket } of await daemon.as(root).links('--local-admin', '--user', account.name))
    await daemon.cli(root, ['links', 'stop', socket, '--local-admin']);
  return daemon.cli(account, ['start', '--', ...command]);
}

describe('latchkey config sudoers', needs('world', 'sudo', 'visudo', 'sshd'), () => {
  test('prints the rules of the package, for every user but root', async () => {
    const file = readFileSync(SUDOERS, 'utf8');
    for (const words of [[], ['--all']])
      expect(await config(...words)).toMatchObject({ status: 0, stderr: '', stdout: file });
  });

  test.each([['x,ALL'], ['%x'], ['ALL)\nlatchkey ALL = (root'], ['a b'], ['#0'], ['']])(
    'refuses the group %j, which sudo would take for something else',
    async (group) => {
      const { status, stdout } = await config(`--group=${group}`);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    },
  );

  test('says how to install them, and with --group sudo starts links of its members alone (F19)', async () => {
    const help = (await config('--help')).stdout;
    const [, lines = ''] = /^To install it, as root:\n((?: {2}.*\n)+)/m.exec(help) ?? [];
    const script = lines
      .replace('config sudoers', 'config sudoers --group')
      .replace(/^ *latchkey doctor$/m, '');
    rmSync(FILE);
    expect(await runAs(root, ['sh', '-ec', script.replaceAll('/root/', '/mnt/')]).finished).toMatchObject({
      status: 0,
    });
    expect(readFileSync(FILE, 'utf8')).toContain('latchkey ALL = (%latchkey-users, !root, !#0) NOPASSWD:');
    expect(execFileSync('visudo', ['-c'], { encoding: 'utf8' })).toMatch(/sudoers\.d\/latchkey: parsed OK/);
    expect(await startAnew(alice, 'id', '-un')).toMatchObject({ status: 0, stdout: 'alice\n' });
    const refused = await startAnew(mallory, 'id', '-un');
    expect(refused).toMatchObject({ status: 255, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: mallory .* the server may not start one for this account; /);
    expect(daemon.log).toMatch(
      /start no link of mallory\).*"reason":"not-allowed".*"msg":"cannot start a link daemon"/,
    );
    const rights = ['sudo', '-n', '-u', 'mallory', '/usr/bin/latchkey', 'link', '--end-sessions'];
    expect(await runAs(service, rights, { cwd: '/' }).finished).toMatchObject({ status: 0 });
  });

  test.for<[string, string, () => void, () => void]>([
    [
      'sudo is missing',
      'sudo-missing',
      () => renameSync('/usr/bin/sudo', '/usr/bin/sudo.away'),
      () => renameSync('/usr/bin/sudo.away', '/usr/bin/sudo'),
    ],
    [
      'the program is elsewhere',
      'program-missing',
      () => renameSync('/usr/bin/latchkey', '/usr/bin/latchkey.away'),
      () => renameSync('/usr/bin/latchkey.away', '/usr/bin/latchkey'),
    ],
    ['there is no rule', 'no-rule', () => rmSync(FILE), () => install()],
    [
      'the rule lacks NOPASSWD',
      'password',
      () => writeFileSync(FILE, readFileSync(FILE, 'utf8').replaceAll('NOPASSWD: ', '')),
      () => install(),
    ],
  ])('the log says that %s, and the user only what to do', async ([, reason, before, after]) => {
    install();
    before();
    try {
      const { status, stderr } = await startAnew(mallory, 'id');
      expect(status).toBe(255);
      expect(stderr).toMatch(/^latchkey: mallory has no link daemon on this host; run there, /);
      expect(stderr).not.toMatch(/sudo|rule|usr/);
      expect(daemon.log).toMatch(new RegExp(`"reason":"${reason}","msg":"cannot start a link daemon"`));
    } finally {
      after();
    }
  });
});
