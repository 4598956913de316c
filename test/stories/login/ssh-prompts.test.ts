/** Prompts of sshd besides, instead of or before the one for the password, and its texts. */
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { askForCodes, code } from '../../support/ssh/one-time-codes.ts';
import { askForPasswordBy, OTHER_PAM, pamOathAsking } from '../../support/ssh/other-prompts.ts';
import { setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2251;
const PASSWORD = 'Correct horse 12';
const REST = 'account required pam_unix.so\nsession required pam_unix.so\n';

let daemon: TestDaemon;
let sshd: TestSshd | undefined;

beforeAll(async () => {
  setPasswords({ mallory: PASSWORD });
  const ssh = { host: '127.0.0.1', port: PORT, host_keys: '/mnt/sshd-*/hostkey.pub' };
  daemon = await TestDaemon.start({ config: { login: { ssh } } });
});
afterEach(async () => sshd?.[Symbol.asyncDispose]());
afterAll(async () => daemon?.[Symbol.asyncDispose]());

/** Starts an sshd whose PAM asks `prompt` for the password, between lines for other modules. */
async function asking(prompt: string, { before = '', after = '', lines = [] }: Asking = {}): Promise<void> {
  await sshd?.[Symbol.asyncDispose]();
  askForPasswordBy(prompt);
  const service = `${before}auth required pam_unix.so\n${after}${REST}`;
  sshd = await TestSshd.start(PORT, { lines, service, env: OTHER_PAM });
}

interface Asking {
  readonly before?: string;
  readonly after?: string;
  readonly lines?: readonly string[];
}

function login(...answers: string[]): Promise<Finished> {
  const input = answers.map((line) => `${line}\n`).join('');
  return daemon.cli(mallory, ['login', '--answers-stdin', '--', 'mallory@'], { input });
}

describe('the password that was typed', needs('world', 'sshd', 'oathtool'), () => {
  test.each(['Passwort: ', 'Mot de p.:', 'Factor 1: ', 'パス: ', '\t'])(
    'answers the first hidden prompt, "%s", and is asked for once (F13)',
    async (prompt) => {
      await asking(prompt);
      expect(await login(PASSWORD), sshd?.log).toMatchObject({ status: 0, stderr: '' });
      expect((await login('guess')).status).toBe(3);
    },
  );

  test('answers the first of two such prompts, and the next line the second', async () => {
    const oath = pamOathAsking('Second Factor (optional): ');
    await asking('Factor 1: ', { after: askForCodes(['mallory'], oath) });
    expect(await login(PASSWORD)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no answer for "Second Factor (optional):"'),
    });
    expect(await login(PASSWORD, code()), sshd?.log).toMatchObject({ status: 0, stderr: '' });
    expect((await login(PASSWORD, 'guess')).status).toBe(3);
  });

  test('waits for its own prompt when a code is asked for first', async () => {
    await asking('Passwort: ', { before: askForCodes(['mallory']) });
    expect(await login(PASSWORD, code(1)), sshd?.log).toMatchObject({ status: 0, stderr: '' });
  });

  test('is not asked for again in silence', async () => {
    await asking('Passwort: ', { after: askForCodes(['mallory'], pamOathAsking('Passwort: ')) });
    const said = await login(PASSWORD, code(2));
    expect(said, sshd?.log).toMatchObject({ status: 0, stderr: 'The host asks this again:\n' });
  });

  test('is used by the second method of a chain, and more is asked for where sshd wants more', async () => {
    await asking('Passwort: ', { lines: ['AuthenticationMethods keyboard-interactive,password'] });
    expect(await login(PASSWORD), sshd?.log).toMatchObject({ status: 0, stderr: '' });
    await asking('Passwort: ', { lines: ['AuthenticationMethods password,keyboard-interactive'] });
    const { status, stderr } = await login(PASSWORD, PASSWORD);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'The host has taken the password, and asks for more:\n',
    });
  });
});

describe('a text of the host', needs('world', 'sshd'), () => {
  test('reaches the person before and after the password, inert and in its lines', async () => {
    writeFileSync('/mnt/banner', `Ours alone.\n\x1b]0;title\x07Second line\n${'x'.repeat(200)}\n`);
    writeFileSync('/mnt/notice', 'Work on Sunday.');
    await asking('Password: ', {
      lines: ['Banner /mnt/banner'],
      before: 'auth optional pam_echo.so file=/mnt/notice\n',
    });
    const { status, stderr } = await login(PASSWORD);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `Ours alone.\n\\x1b]0;title\\x07Second line\n${'x'.repeat(200)}\nWork on Sunday.\n`,
    });
    const refused = await login('guess', 'guess');
    expect(refused.stderr.match(/Ours alone/g)).toHaveLength(1);
    expect(refused.stderr).not.toContain('Sunday');
  });

  test('is cut when it is long, and named when it is too long for a packet', async () => {
    writeFileSync('/mnt/banner', `${'long line '.repeat(10)}\n`.repeat(300));
    await asking('Password: ', { lines: ['Banner /mnt/banner'] });
    const { status, stderr } = await login(PASSWORD);
    expect(status).toBe(0);
    expect(stderr.length).toBeLessThan(20_000);
    expect(stderr).toMatch(/ \[cut\]\n$/);
    writeFileSync('/mnt/banner', 'x'.repeat(100_000));
    expect(await login(PASSWORD)).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/a text of more than 32 KiB, such as its Banner; tell/),
    });
  });
});
