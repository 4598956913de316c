/** Refusals of sshd, in each way in which it refuses: all are told alike, and all count. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { converse, type Held, roundsOf } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, type SshdOptions, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2231;
const PASSWORD = 'Correct horse 10';
/** Least time of every refusal, in milliseconds, less what a timer may be early. */
const LEAST_MS = 2_999;
/** Least difference in time that tells names apart, in milliseconds. */
const SPREAD_MS = 2_500;
const PATIENT = { timeout: 120_000 };
const PASSWORD_ONLY = 'KbdInteractiveAuthentication no';

let daemon: TestDaemon;
let sshd: TestSshd | undefined;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD, mallory: PASSWORD, bob: PASSWORD, dora: PASSWORD });
  const ssh = { host: '127.0.0.1', port: PORT, host_keys: '/mnt/sshd-*/hostkey.pub' };
  daemon = await TestDaemon.start({ config: { login: { ssh } } });
});
afterEach(async () => sshd?.[Symbol.asyncDispose]());
afterAll(async () => daemon?.[Symbol.asyncDispose]());

async function serve(options: SshdOptions): Promise<void> {
  sshd = await TestSshd.start(PORT, options);
}

/** Logs in as `user` with `answers`, as mallory. */
function login(user: string, ...answers: string[]): Promise<Finished> {
  const input = answers.map((line) => `${line}\n`).join('');
  return daemon.cli(mallory, ['login', '--answers-stdin', '--', `${user}@`], { input });
}

/** All that a client of the login is told, whatever its name. The command line knows nothing else. */
function told({ tookMs: _, ...held }: Held, name: string): string {
  return JSON.stringify(held).replaceAll(name, 'NAME');
}

/** Gives one answer over the wire; returns what is told. */
async function toldFor(name: string, answer: string): Promise<string> {
  return told(await converse(daemon, name, [answer]), name);
}

/**
 * Uses up the attempts of an account, of a name without one and of an ineligible account at the same time.
 * Checks that all are told the same. Returns how far their times differ, in milliseconds.
 */
async function spreadOf(suffix: string): Promise<number> {
  const name = `guessed${suffix}`;
  const ineligible = `ineligible${suffix}`;
  addAccount(name, PASSWORD);
  addAccount(ineligible, PASSWORD, '--shell', '/usr/sbin/nologin');
  const guesses = Array.from({ length: 5 }, () => 'guess');
  const names = [name, `nobody${suffix}`, ineligible];
  const answersOf = (each: string): string[] => (each === ineligible ? [PASSWORD, ...guesses] : guesses);
  const held = await Promise.all(names.map((each) => converse(daemon, each, answersOf(each))));
  expect(held[0], daemon.log + sshd?.log).toMatchObject({ reason: 'LOGIN_REFUSED', notices: [] });
  const [first, ...others] = held.map((one, at) => told(one, names[at] ?? ''));
  for (const other of others) expect(other, sshd?.log).toBe(first);
  const rounds = roundsOf(held);
  expect(rounds).toHaveLength(3);
  for (const times of rounds) {
    expect(times).toHaveLength(names.length);
    expect(Math.min(...times), String(times)).toBeGreaterThanOrEqual(LEAST_MS);
  }
  return Math.max(...rounds.map((times) => Math.max(...times) - Math.min(...times)));
}

describe('a login that sshd refuses', needs('world', 'sshd'), () => {
  const ways: [string, SshdOptions][] = [
    ['by a failure', { lines: [] }],
    ['by a failure of the method password', { lines: [PASSWORD_ONLY] }],
    ['by closing the connection after the only try', { lines: ['MaxAuthTries 1'] }],
    ['by closing it after the only password', { lines: ['MaxAuthTries 1', PASSWORD_ONLY] }],
    [
      'by waiting for longer than it lets anybody wait',
      { lines: ['LoginGraceTime 3'], service: lateRefusal() },
    ],
    ['by wanting a key of everybody, first', { lines: ['AuthenticationMethods publickey,password'] }],
    ['by taking no password of anybody', { lines: ['PasswordAuthentication no', PASSWORD_ONLY] }],
    [
      'by wanting a key of this account only, first',
      { lines: ['Match User guessed*', 'AuthenticationMethods publickey'] },
    ],
    [
      'by taking no password of a group only',
      { lines: ['Match Group guessed*', PASSWORD_ONLY, 'PasswordAuthentication no'] },
    ],
  ];

  test.each(ways)('%s is told alike for every name, and counts', PATIENT, async (way, options) => {
    await serve(options);
    const number = ways.findIndex(([other]) => other === way);
    // What a busy host adds comes and goes; what the name adds would be there every time.
    let spreadMs = Number.POSITIVE_INFINITY;
    for (let time = 0; time < 3 && spreadMs >= SPREAD_MS; time += 1)
      spreadMs = Math.min(spreadMs, await spreadOf(`${number}x${time}`));
    expect(spreadMs).toBeLessThan(SPREAD_MS);
    expect(await converse(daemon, `guessed${number}x0`, [PASSWORD])).toMatchObject({
      reason: 'LIMIT_EXCEEDED',
    });
  });

  test('by its own rules, or by the account phase of PAM, is told like a wrong password', async () => {
    await serve({ lines: ['DenyUsers alice'] });
    const [wrong, denied] = await Promise.all([toldFor('bob', 'guess'), toldFor('alice', PASSWORD)]);
    expect(wrong).toContain('"again":true');
    expect(denied, sshd?.log).toBe(wrong);
    for (const lines of [[], [PASSWORD_ONLY]]) {
      await sshd?.[Symbol.asyncDispose]();
      await serve({ lines, pam: 'account required pam_succeed_if.so quiet user != dora\n' });
      expect(await toldFor('dora', PASSWORD), sshd?.log).toBe(wrong);
    }
  });

  test('says what sshd wants besides the password, once it has taken that', async () => {
    await serve({ lines: ['AuthenticationMethods password,publickey'] });
    const { status, stdout, stderr } = await login('mallory', PASSWORD);
    expect({ status, stdout }, stderr).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(/sshd wants a key besides the password, .*run there: latchkey link/);
    expect((await login('mallory', 'guess')).stderr).not.toMatch(/sshd/);
    await sshd?.[Symbol.asyncDispose]();
    await serve({});
    expect((await login('mallory', PASSWORD)).status).toBe(0);
  });
});

describe('an account of which sshd takes no password', needs('world', 'sshd'), () => {
  test('has the prompts of a name that nobody has', async () => {
    addAccount('keyed', PASSWORD);
    const service = 'auth required pam_unix.so\nauth optional pam_ftp.so\naccount required pam_unix.so\n';
    await serve({ lines: ['Match User keyed', 'AuthenticationMethods publickey'], service });
    const held = async (name: string): Promise<string> =>
      told(await converse(daemon, name, [PASSWORD, PASSWORD, 'guess', 'guess']), name);
    const [nobody, keyed] = await Promise.all(['nobodys-name', 'keyed'].map(held));
    expect(nobody, sshd?.log).toContain('required for NAME');
    expect(keyed, sshd?.log).toBe(nobody);
    expect(daemon.log).toContain('sshd wants a key before any answer');
  });
});

/** Returns a PAM service that takes ten seconds for a wrong password, and none for the right one. */
function lateRefusal(): string {
  return [
    'auth optional pam_faildelay.so delay=10000000',
    'auth required pam_unix.so',
    'account required pam_unix.so',
    'session required pam_unix.so\n',
  ].join('\n');
}
