/** Logins that need more than the password: a one-time code through PAM, or a new password. */
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, bob, dora, type Finished, mallory, runAs } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { askForCodes, code } from '../../support/ssh/one-time-codes.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2221;
const ALICE = 'Correct horse 5';
const MALLORY = 'Correct horse 6';
const DORA = 'Correct horse 7';
const BOB = 'Correct horse 8';
const NEW = 'Staple battery 9';

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: ALICE, mallory: MALLORY, dora: DORA, bob: BOB });
  sshd = await TestSshd.start(PORT, { pam: askForCodes(['alice', 'mallory']) });
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** Logs in as `who` with `answers`. */
function login(who: Account, ...answers: string[]): Promise<Finished> {
  const input = answers.map((line) => `${line}\n`).join('');
  return daemon.cli(who, ['login', '--answers-stdin'], { input });
}

describe('a one-time code (F13)', needs('world', 'sshd', 'oathtool'), () => {
  test('is asked for after the password, and both together give a token that runs programs', async () => {
    const said = await login(alice, ALICE, code());
    expect(said, daemon.log + sshd.log).toMatchObject({ status: 0 });
    expect((await daemon.cli(alice, ['start', '--', 'id', '-un'])).stdout).toBe('alice\n');
  });

  test('is refused like a wrong password when it is wrong, late or missing', async () => {
    const wrong = await login(mallory, 'guess', code());
    expect(wrong).toMatchObject({ status: 3, stdout: '' });
    for (const refused of [await login(mallory, MALLORY, '000000'), await login(alice, ALICE, code(-9))]) {
      expect(refused).toEqual(wrong);
    }
  });

  test('is asked for on a terminal, and neither is echoed there', async () => {
    const command = `${program()} login --run ${daemon.runFolder}`;
    const terminal = runAs(mallory, ['script', '-qec', command, '/dev/null'], { interactive: true });
    await terminal.printed(/^Password: $/m);
    terminal.child.stdin?.write(`${MALLORY}\r`);
    await terminal.printed(/One-time password \(OATH\) for `mallory': $/);
    const typed = code(2);
    terminal.child.stdin?.write(`${typed}\r`);
    const said = await terminal.finished;
    expect(said, daemon.log).toMatchObject({ status: 0 });
    expect(said.stdout).toMatch(/method.*ssh/);
    expect(said.stdout).not.toContain(MALLORY);
    expect(said.stdout).not.toContain(typed);
  });
});

describe('a password that has expired', needs('world', 'sshd', 'oathtool'), () => {
  const expire = (name: string) => execFileSync('chage', ['--lastday', '0', name]);
  afterEach(() => setPasswords({ dora: DORA, bob: BOB }));

  test('is changed during login, as sshd asks', async () => {
    expire('dora');
    const asked = await login(dora, DORA);
    expect(asked).toMatchObject({ status: 2, stdout: '' });
    expect(asked.stderr).toMatch(/change your password.*no answer for "Current password:"/s);
    const said = await login(dora, DORA, DORA, NEW, NEW);
    expect(said, daemon.log + sshd.log).toMatchObject({ status: 0 });
    expect((await login(dora, NEW)).status).toBe(0);
  });

  test('is reported where sshd cannot ask for a new one', async () => {
    expire('bob');
    await using plain = await TestSshd.start(PORT + 1, { lines: ['KbdInteractiveAuthentication no'] });
    await using other = await TestDaemon.start({ config: { login: { ssh: plain.settings } } });
    const said = await other.cli(bob, ['login', '--answers-stdin'], { input: `${BOB}\n` });
    expect(said, other.log + plain.log).toMatchObject({ status: 4, stdout: '' });
    expect(said.stderr).toMatch(/password has expired; change it on the host/);
    const guessed = await other.cli(bob, ['login', '--answers-stdin'], { input: 'guess\n' });
    expect(guessed).toMatchObject({ status: 3, stderr: expect.not.stringMatching(/expired/) });
  });
});
