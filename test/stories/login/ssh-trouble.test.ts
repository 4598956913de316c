/** Logs in where the host's sshd is an impostor, or hangs. */
import { chmodSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, type Finished, mallory, type Run } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { addAccount, setPasswords, TestSshd } from '../../support/ssh/sshd.ts';
import { type Behaviour, SwitchedSshd } from '../../support/ssh/switched-sshd.ts';

const REAL_PORT = 2211;
const PORT = 2212;
const PASSWORD = 'Correct horse 4';

let real: TestSshd;
let sshd: SwitchedSshd;
let daemon: TestDaemon;

beforeAll(async () => {
  setPasswords({ alice: PASSWORD });
  real = await TestSshd.start(REAL_PORT);
  sshd = await SwitchedSshd.start(PORT, real);
  daemon = await TestDaemon.start({ config: { login: { ssh: { ...real.settings, port: PORT } } } });
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

/** Begins a login of `who` as `user` while sshd has `behaviour`; resolves once sshd has been reached. */
async function begin(who: Account, user: string, behaviour: Behaviour): Promise<Run> {
  sshd.behaviour = behaviour;
  const before = sshd.connections;
  const run = daemon.begin(who, ['login', '--answers-stdin', `${user}@`], { input: `${PASSWORD}\n` });
  await sshd.reached(before + 1);
  return run;
}

describe('a changed host key', needs('world', 'sshd'), () => {
  test('is refused before the password is sent (THREATS: a man in the middle)', async () => {
    const refused = await (await begin(alice, 'alice', 'another key')).finished;
    expect(refused).toMatchObject({ status: 6, stdout: '' });
    expect(refused.stderr).toMatch(/host key that is not pinned; nothing was sent/);
    await sshd.drained();
    expect(sshd.passwords).toEqual([]);
  });

  test('and the test would have seen the password', async () => {
    const hanging = await begin(alice, 'alice', 'exec');
    await expect.poll(() => sshd.passwords).toEqual([PASSWORD]);
    hanging.kill();
    await hanging.finished;
  });
});

describe('an sshd that hangs', needs('world', 'sshd'), () => {
  const steps: [Account, string, Behaviour, RegExp][] = [
    [alice, 'alice', 'accept', /in time \(banner\)/],
    [alice, 'alice', 'banner', /in time \(key exchange\)/],
    [alice, 'alice', 'kex', /in time \(authenticating\)/],
    [mallory, 'alice', 'exec', /in time \(running a command\)/],
    [mallory, 'sleepy', 'real', /in time \(running a command\)/],
  ];

  test('times out at each step, even in an account that hangs, and holds up nobody else', async () => {
    sleepyAccount();
    const waiting: { given: Promise<Finished & { ms: number }>; said: RegExp }[] = [];
    for (const [who, user, behaviour, said] of steps) {
      const beganMs = performance.now();
      const run = await begin(who, user, behaviour);
      const given = run.finished.then((end) => ({ ...end, ms: performance.now() - beganMs }));
      waiting.push({ given, said });
    }
    expect((await daemon.cli(alice, ['link', '--daemon'])).status).toBe(0);
    for (const { given, said } of waiting) {
      const { status, stdout, stderr, ms } = await given;
      expect({ status, stdout }, String(said)).toEqual({ status: 6, stdout: '' });
      expect(stderr).toMatch(said);
      expect(ms).toBeLessThan(30_000);
    }
  });

  test('after the password is waited for, as for a PAM module that waits for a person', async () => {
    const waiting = await begin(mallory, 'alice', 'auth');
    await waiting.printed(/^The host has not answered yet; waiting\./m, 'stderr');
    expect(await (await begin(alice, 'alice', 'real')).finished).toMatchObject({ status: 0 });
    expect(waiting.child.exitCode).toBeNull();
    waiting.kill();
    await waiting.finished;
  });

  test('takes up no login slot afterwards, and costs nobody a penalty', async () => {
    const runs = [await begin(mallory, 'alice', 'real'), await begin(mallory, 'alice', 'real')];
    runs.push(await begin(mallory, 'alice', 'real'));
    for (const run of runs) {
      expect(await run.finished).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/waits/) });
    }
  });
});

/** Adds an account whose shell never runs a command. */
function sleepyAccount(): void {
  const shell = '/mnt/bin/sleepy';
  writeFileSync(shell, '#!/bin/sh\nexec sleep 600\n');
  chmodSync(shell, 0o755);
  writeFileSync('/etc/shells', `${shell}\n`, { flag: 'a' });
  addAccount('sleepy', PASSWORD, '--shell', shell);
}
