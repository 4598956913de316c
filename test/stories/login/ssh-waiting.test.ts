/** Logs in where sshd is slow, because PAM waits for a person, or has no time, because it is busy. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, bob, type Finished, mallory, type Run } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';
import { type Behaviour, SwitchedSshd } from '../../support/ssh/switched-sshd.ts';

const PORT = 2261;
const FRONT_PORT = 2262;
const PASSWORD = 'Correct horse 14';
/** Accounts that have to wait. */
const SLOW = ['alice', 'slow1', 'slow2', 'slow3', 'slow4', 'slow5'];
const WAITING = /^The host has not answered yet; waiting\./m;
/** On a host that is slow for seconds, the person is told of that, too. */
const TRIED_AGAIN =
  /^sshd refuses connections for the moment; trying again\.\n(The host has not answered yet;.*\n)?$/;

let daemon: TestDaemon;
/** Server that has nothing between it and sshd. */
let direct: TestDaemon;
let sshd: TestSshd;
let front: SwitchedSshd;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD, bob: PASSWORD, mallory: PASSWORD });
  for (const name of SLOW.slice(1)) addAccount(name, PASSWORD);
  await serve();
  front = await SwitchedSshd.start(FRONT_PORT, sshd);
  const ssh = { host: '127.0.0.1', host_keys: '/mnt/sshd-*/hostkey.pub' };
  daemon = await TestDaemon.start({ config: { login: { ssh: { ...ssh, port: FRONT_PORT } } } });
  direct = await TestDaemon.start({ config: { login: { ssh: { ...ssh, port: PORT } } } });
});
afterEach(() => {
  front.behaviour = 'real';
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await direct?.[Symbol.asyncDispose]();
  await front?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

/** Starts sshd anew with a PAM service that makes some wait in `phase`, and other lines. */
async function serve(phase = '', lines: readonly string[] = []): Promise<void> {
  await sshd?.[Symbol.asyncDispose]();
  const sleep = `[success=1 default=ignore] pam_succeed_if.so quiet user notin ${SLOW.join(':')}\n`;
  const pam = phase === '' ? '' : `${phase} ${sleep}${phase} required pam_exec.so /bin/sleep 20\n`;
  sshd = await TestSshd.start(PORT, { pam, lines });
}

function begin(who: Account, user: string, password = PASSWORD, server = daemon): Run {
  const options = { input: `${password}\n` };
  return server.begin(who, ['login', '--answers-stdin', '--', `${user}@`], options);
}

function login(who: Account, user: string, password = PASSWORD): Promise<Finished> {
  return begin(who, user, password).finished;
}

describe('an sshd whose PAM waits for a person', needs('world', 'sshd'), () => {
  test.each(['auth', 'account', 'session'])(
    'in its phase "%s" is waited for, with a notice, and others log in meanwhile (F13)',
    async (phase) => {
      await serve(phase);
      const slow = begin(alice, 'alice');
      await slow.printed(WAITING, 'stderr');
      expect((await login(bob, 'bob')).status).toBe(0);
      expect(slow.child.exitCode).toBeNull();
      const end = await slow.finished;
      expect(end, daemon.log + sshd.log).toMatchObject({ status: 0 });
      expect(end.stderr.match(/not answered yet/g)).toHaveLength(1);
    },
  );

  test('lets more than a few from one place wait at once', async () => {
    await serve('auth');
    const slow = SLOW.slice(1).map((name) => begin(mallory, name));
    expect((await login(mallory, 'mallory')).status).toBe(0);
    for (const run of slow) expect(run.child.exitCode).toBeNull();
    for (const run of slow) expect(await run.finished).toMatchObject({ status: 0 });
  });

  test('for longer than sshd lets it refuses the login', async () => {
    await serve('auth', ['LoginGraceTime 7']);
    const { status, stderr } = await login(alice, 'alice');
    expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringMatching(WAITING) });
  });
});

describe('an sshd that accepts no connection', needs('world', 'sshd'), () => {
  test.each<Behaviour>(['drop', 'reset'])('at first (%s) is tried again', async (behaviour) => {
    await serve();
    front.behaviour = behaviour;
    const before = front.connections;
    const run = begin(mallory, 'mallory');
    await front.reached(before + 3);
    front.behaviour = 'real';
    expect(await run.finished, daemon.log).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(TRIED_AGAIN),
    });
  });

  test("for long is said to refuse connections, which is nobody's failure", async () => {
    front.behaviour = 'drop';
    const ends = await Promise.all(Array.from({ length: 6 }, () => login(mallory, 'mallory')));
    const told = [
      'sshd refuses connections for the moment; trying again.',
      'latchkey: sshd refuses connections for the moment; try again in a minute',
    ];
    for (const { status, stderr } of ends)
      expect({ status, stderr }).toMatchObject({ status: 6, stderr: `${told.join('\n')}\n` });
    front.behaviour = 'real';
    expect((await login(mallory, 'mallory')).status).toBe(0);
  });

  test('because of MaxStartups is tried again as well', async () => {
    await serve('', ['MaxStartups 1:100:1']);
    const many = ['mallory', 'bob', 'slow1', 'slow2'].map(
      (name) => begin(mallory, name, PASSWORD, direct).finished,
    );
    for (const end of await Promise.all(many)) expect(end.status, end.stderr + sshd.log).toBe(0);
    expect(sshd.log).toMatch(/MaxStartups|drop connection/);
  });

  test('while it is started anew is tried again, and not for ever', async () => {
    await sshd[Symbol.asyncDispose]();
    const run = begin(mallory, 'mallory', PASSWORD, direct);
    await run.printed(/^sshd does not answer; trying again\.$/m, 'stderr');
    await serve();
    expect(await run.finished).toMatchObject({ status: 0 });
    await sshd[Symbol.asyncDispose]();
    expect(await begin(mallory, 'mallory', PASSWORD, direct).finished).toMatchObject({
      status: 6,
      stderr: expect.stringMatching(/cannot use sshd; tell the administrator/),
    });
  });
});

test('an sshd that closes the connection after the password refuses it', needs('world', 'sshd'), async () => {
  front.behaviour = 'silent';
  expect(await login(mallory, 'mallory', 'guess')).toMatchObject({
    status: 3,
    stdout: '',
    stderr: 'Login refused; try again:\nlatchkey: login refused\n',
  });
});
