/** Logs in with the host's password, through a real sshd. */
import { readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, type Finished, latchkey, mallory } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { converse, type Held, roundsOf } from '../../support/server/converse.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2201;
const ALICE = 'Correct horse 1';
const MALLORY = 'Correct horse 2';
const OTHER = 'Correct horse 3';
/** Least time of every refusal, in milliseconds, less what a timer may be early. */
const LEAST_MS = 2_999;

let sshd: TestSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: ALICE, mallory: MALLORY, carol: OTHER });
  addAccount('locked', OTHER, '--lock');
  addAccount('expired', OTHER, '--expiredate', '1970-01-02');
  sshd = await TestSshd.start(PORT);
  daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** Logs in as `user` with `answers`, run by `who`. */
function login(who: Account, user: string, ...answers: string[]): Promise<Finished> {
  const input = answers.map((line) => `${line}\n`).join('');
  return daemon.cli(who, ['login', '--answers-stdin', '--', `${user}@`], { input });
}

describe('a login with the password of the host (F12, F13)', needs('world', 'sshd'), () => {
  test('gives a token and leaves a link daemon that runs as its user, and a session runs', async () => {
    const said = await login(alice, 'alice', ALICE);
    expect(said, daemon.log + sshd.log).toMatchObject({ status: 0 });
    const token = await daemon.as(alice).token();
    expect(token).toMatchObject({
      login: 'alice',
      linuxUser: 'alice',
      authMethod: 'ssh',
      socket: null,
    });
    const links = await daemon.as(alice).links();
    expect(links).toHaveLength(1);
    const pid = links[0]?.pid ?? 0;
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t7001\t7001\t7001\t7001$/m);
    expect(statSync(`/proc/${pid}`)).toMatchObject({ gid: 7001 });
    const run = await daemon.cli(alice, ['start', '--', 'id', '-un']);
    expect(run).toMatchObject({ status: 0, stdout: 'alice\n' });
  });

  test('makes the server that it names the default, until the logout (N1)', async () => {
    const { address } = daemon.serverFile;
    const [, fingerprint = ''] = /"fingerprint":"([^"]+)"/.exec(daemon.log) ?? [];
    const anywhere = (...argv: string[]): Promise<Finished> =>
      latchkey(mallory, argv, { input: `${MALLORY}\n`, env: { XDG_CONFIG_HOME: '/mnt/home/mallory/far' } })
        .finished;
    expect((await anywhere('trust', address, '--fingerprint', fingerprint)).status).toBe(0);
    expect((await anywhere('whoami')).stderr).toContain('no server is running on this host');
    expect((await anywhere('login', '--answers-stdin', `mallory@${address}`)).status).toBe(0);
    expect((await anywhere('whoami')).stdout).toMatch(/^login +mallory\n(?:.*\n)*server +127\.0\.0\.1:\d+\n/);
    expect((await anywhere('start', '--', 'id', '-un')).stdout).toBe('mallory\n');
    expect((await anywhere('logout')).status).toBe(0);
    expect((await anywhere('whoami')).stderr).toContain('no server is running on this host');
  });

  test('tells who names a user alone how to do that', async () => {
    const { status, stderr } = await latchkey(alice, ['login', '--answers-stdin', 'mallory']).finished;
    expect([status, stderr]).toEqual([
      6,
      expect.stringContaining('to log in as the user mallory: latchkey login mallory@'),
    ]);
  });

  test('a second login uses the same link daemon, and the SSH connection is closed', async () => {
    const before = await daemon.as(alice).links();
    expect((await login(alice, 'alice', ALICE)).status).toBe(0);
    expect(await daemon.as(alice).links()).toEqual(before);
    expect((await daemon.cli(alice, ['start', '--', 'id', '-un'])).stdout).toBe('alice\n');
    await expect.poll(() => sshd.log).toMatch(/Accepted .* from 127\.(?!0\.)\d+\.\d+\.\d+ /);
    await expect.poll(() => sshd.log).toMatch(/Disconnected from user alice|Connection closed/);
  });

  test("from another user's terminal is still for the account whose password was given", async () => {
    expect((await login(mallory, 'mallory', MALLORY)).status).toBe(0);
    expect((await daemon.cli(mallory, ['start', '--', 'id', '-un'])).stdout).toBe('mallory\n');
    const links = await daemon.as(mallory).links();
    expect(links.map((link) => link.linuxUser)).toEqual(['mallory']);
    const refused = await login(mallory, 'alice', MALLORY);
    expect(refused).toMatchObject({ status: 3, stdout: '' });
    const token = await daemon.as(mallory).token();
    expect(token.login).toBe('mallory');
  });
});

test(
  'login.methods: [ssh] refuses links by hand, and not the one that a login starts',
  needs('world', 'sshd'),
  async () => {
    await using strict = await TestDaemon.start({
      config: { login: { methods: ['ssh'], ssh: sshd.settings } },
    });
    for (const byHand of [['link'], ['link', '--daemon']]) {
      const refused = await strict.cli(alice, byHand);
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toMatch(/log in with: latchkey login/);
    }
    const input = `${ALICE}\n`;
    expect(await strict.cli(alice, ['login', '--answers-stdin'], { input })).toMatchObject({ status: 0 });
    expect((await strict.cli(alice, ['start', '--', 'id', '-un'])).stdout).toBe('alice\n');
  },
);

describe('a refused login', needs('world', 'sshd'), () => {
  test('gives the same message, whatever the cause', async () => {
    const cases = {
      alice: 'wrong',
      nobodyhere: OTHER,
      locked: OTHER,
      carol: OTHER,
      expired: OTHER,
      root: 'wrong',
    };
    for (const [user, password] of Object.entries(cases)) {
      const { status, stdout, stderr } = await login(alice, user, password);
      const said = 'Login refused; try again:\nlatchkey: login refused\n';
      expect({ status, stdout, stderr }, user).toEqual({ status: 3, stdout: '', stderr: said });
    }
  });

  test('has the same prompts, reply and time on the wire, until the attempts are used up', async () => {
    const guesses = Array.from({ length: 7 }, () => OTHER);
    const held: Held[] = [];
    const rounds: number[][] = [];
    // No more at once than may use sshd, so that none waits for another.
    for (const users of [
      ['alice', 'nobodyhere', 'locked'],
      ['carol', 'expired', 'root'],
    ]) {
      const together = await Promise.all(users.map((user) => converse(daemon, user, guesses)));
      held.push(...together);
      rounds.push(...roundsOf(together));
    }
    const prompt = { name: '', instruction: '', prompts: [{ text: 'Password: ', echo: false }] };
    const asked = [false, true, true].map((again) => ({ ...prompt, again }));
    const wrong = {
      asked,
      notices: [],
      reason: 'LOGIN_REFUSED',
      message: 'login refused',
      told: ['requestId'],
    };
    expect(held.map(({ tookMs: _, ...other }) => other)).toEqual(held.map(() => wrong));
    expect(rounds.map((times) => times.length)).toEqual(Array(6).fill(3));
    for (const times of rounds) {
      expect(Math.min(...times), String(times)).toBeGreaterThanOrEqual(LEAST_MS);
      expect(Math.max(...times) - Math.min(...times), String(times)).toBeLessThan(1500);
    }
  });

  test('never passes sshd a name that is not from the user database', async () => {
    const users = ['-oProxyCommand=id', '#0', '%wheel', '../alice', 'alice\n'];
    /** The names of connections to which no account belongs. */
    const named = (): string[] =>
      [...sshd.log.matchAll(/^Invalid user (.*) from 127\./gm)].map(([, name = '']) => name);
    const before = named().length;
    const runs = await Promise.all(users.map((user) => login(alice, user, ALICE)));
    for (const { status } of runs) expect(status).toBe(3);
    const nobody = expect.stringMatching(/^nobody-[0-9a-f]{16}$/);
    await expect.poll(() => named().slice(before)).toEqual(users.map(() => nobody));
    expect(sshd.log).not.toMatch(/ProxyCommand|#0|%wheel|\.\.\//);
  });

  test('costs a penalty that outlives a server that is killed', async () => {
    await Promise.all([1, 2, 3].map(() => converse(daemon, 'dora', ['guess', 'guess'])));
    await daemon.end('SIGKILL');
    await daemon.serve();
    expect(await converse(daemon, 'dora', [])).toMatchObject({ asked: [], reason: 'LIMIT_EXCEEDED' });
    expect((await login(mallory, 'mallory', MALLORY)).status).toBe(0);
  });

  test('leaves no trace of a password in any log, be it right or wrong', async () => {
    const typed = 'Mistyped horse 2';
    const before = daemon.wholeLog.length;
    expect((await login(mallory, 'mallory', MALLORY)).status).toBe(0);
    expect((await login(mallory, 'mallory', typed)).status).toBe(3);
    await daemon.end();
    await sshd[Symbol.asyncDispose](); // both logs are complete now
    expect(daemon.wholeLog.slice(before)).toMatch(/"event":"issued","login":"mallory"/);
    expect(daemon.wholeLog.slice(before)).toMatch(/"outcome":"refused".*"login":"mallory"/);
    expect(sshd.log).toMatch(/Accepted \S+ for mallory .*Failed \S+ for mallory /s);
    for (const text of [daemon.wholeLog, sshd.log]) expect(text).not.toMatch(/(?:Correct|Mistyped) horse/);
  });
});
