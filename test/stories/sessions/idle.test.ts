/** Idle sessions: warned, disconnected and ended by rules of the configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, bob, dora } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Screen } from '../../support/terminal/screen.ts';

const RULES = [
  'end after 6s warning 4s for alice',
  'disconnect after 4s warning 2s for role:manager',
  'end after 30d',
];

let daemon: TestDaemon;

function logged(event: string, session: string): Record<string, unknown>[] {
  const lines = daemon.wholeLog.split('\n').filter((line) => line.includes(`"event":"${event}"`));
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((it) => it.session === session);
}

async function start(...words: string[]): Promise<string> {
  return (await daemon.cli(alice, ['start', '--detach', ...words])).stdout.trim();
}

describe('an idle session', needs('world', 'tmux'), () => {
  beforeAll(async () => {
    const roles = { manager: { groups: ['latchkey-managers'] } };
    daemon = await TestDaemon.start({ config: { roles, sessions: { idle_rules: RULES } } });
    for (const account of [alice, bob, dora]) await daemon.link(account);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('is warned on its terminal and in the list, and then ended (X5)', async () => {
    using screen = new Screen(alice);
    screen.enter(
      `${program()} start --run ${daemon.runFolder} -- sh -c 'stty -echo; exec cat'; echo ended with $?`,
    );
    await screen.shows(/^latchkey: this session has been idle for \d s, and ends in 4 s unless it is used$/);
    const [{ id = '', state, idle } = {}] = await daemon.as(alice).sessions('--state', 'running');
    expect([state, idle?.action]).toEqual(['running', 'end']);
    expect((await daemon.cli(alice, ['sessions'])).stdout).toContain('running, idle');
    expect((await daemon.cli(alice, ['sessions', 'show', id])).stdout).toMatch(/^idle rule +end$/m);
    await screen.shows(/^ended with 143$/);
    expect((await daemon.as(alice).session(id)).idle).toBeNull();
    expect(logged('session-idle', id)).toMatchObject([
      { login: 'alice', action: 'end' },
      { login: 'alice', action: 'end' },
    ]);
  });

  test('is left by those who are attached, and goes on (X5)', async () => {
    const { stdout } = await daemon.cli(bob, ['start', '--detach', '-i', '--', 'cat']);
    const id = stdout.trim();
    const attached = daemon.begin(bob, ['attach', '-i', id], { interactive: true });
    const { stderr, status } = await attached.finished;
    expect({ stderr, status }).toEqual({
      stderr: expect.stringContaining('disconnected since the session was idle; the session continues'),
      status: 255,
    });
    expect(await daemon.as(bob).session(id)).toMatchObject({ state: 'running', attached: 0, idle: null });
    expect(logged('session-disconnected', id)).toMatchObject([{ clients: 1 }]);
  });

  test('is ended while the server is down (X5)', async () => {
    const id = await start('--', 'sleep', '600');
    await expect.poll(async () => (await daemon.as(alice).session(id)).idle?.action).toBe('end');
    await daemon.end('SIGKILL');
    await daemon.serve();
    await expect
      .poll(async () => daemon.as(alice).session(id))
      .toMatchObject({ state: 'ended', exitStatus: 143 });
  });

  test('is one by the rules of the reloaded configuration (X5)', async () => {
    const { stdout } = await daemon.cli(dora, ['start', '--detach', '--', 'sleep', '600']);
    const id = stdout.trim();
    const before = readFileSync(daemon.configFile, 'utf8');
    writeFileSync(daemon.configFile, before.replace('end after 30d', 'warn after 1s'));
    process.kill(daemon.pid, 'SIGHUP');
    await expect.poll(async () => (await daemon.as(dora).session(id)).idle?.action).toBe('warn');
    expect((await daemon.cli(dora, ['sessions', 'end', id])).status).toBe(0);
  });
});
