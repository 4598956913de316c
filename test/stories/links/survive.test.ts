/** Server and link are killed while a session prints: no output is lost (X4). */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { user } from '../../support/account.ts';
import { placesOfSessions } from '../../support/link/kept-sessions.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

// In a world the server runs as root and the session as alice; otherwise both run as the user of the tests.
const lines = 400;
const script = `n=0; while [ $n -lt ${lines} ]; do n=$((n+1)); echo line $n; sleep 0.01; done; exit 9`;
const whole = Array.from({ length: lines }, (_, n) => `line ${n + 1}\n`).join('');

let daemon: TestDaemon;

/** Resolves with the pid of the user's link, once those of earlier tests are no longer listed as ready. */
async function linkPid(): Promise<number> {
  const ready = async (): Promise<number[]> => {
    const links = await daemon.as(user).links();
    return links.filter(({ state }) => state === 'ready').map(({ pid }) => pid);
  };
  await expect.poll(ready, { timeout: 10_000 }).toEqual([expect.any(Number)]);
  const [pid] = await ready();
  if (pid === undefined) throw new Error('the link is gone');
  return pid;
}

describe('a printing session', () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('keeps running when the server is killed with SIGKILL, and attached clients miss nothing', async () => {
    const link = await daemon.link(user);
    const start = daemon.begin(user, ['start', '--', 'sh', '-c', script]);
    await start.printed(/line 50\n/);
    await daemon.end('SIGKILL');
    await daemon.serve();
    expect(await start.finished).toMatchObject({ status: 9, stdout: whole });
    link.kill();
    await link.finished;
  });

  test('keeps running when its link is killed, and the next link has all of its output', async () => {
    await daemon.link(user);
    const id = (await daemon.cli(user, ['start', '--detach', '--', 'sh', '-c', script])).stdout.trim();
    const reader = daemon.begin(user, ['sessions', 'read', id, '--follow']);
    await reader.printed(/line 50\n/);
    process.kill(await linkPid(), 'SIGKILL');
    const next = await daemon.link(user);
    expect(await daemon.cli(user, ['attach', id])).toMatchObject({ status: 9, stdout: whole });
    next.kill();
    await next.finished;
  });

  test('keeps running when both are killed', async () => {
    await daemon.link(user);
    const id = (await daemon.cli(user, ['start', '--detach', '--', 'sh', '-c', script])).stdout.trim();
    const pid = await linkPid();
    await daemon.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await daemon.serve();
    const next = await daemon.link(user);
    expect(await daemon.cli(user, ['attach', id])).toMatchObject({ status: 9, stdout: whole });
    next.kill();
    await next.finished;
  });

  test('has its exit status recorded while neither is running', async () => {
    await daemon.link(user);
    const gate = join(daemon.folder, 'gate');
    const gated = `while [ ! -e ${gate} ]; do sleep 0.02; done; echo done; exit 5`;
    const id = (await daemon.cli(user, ['start', '--detach', '--', 'sh', '-c', gated])).stdout.trim();
    const { serverId } = daemon.serverFile;
    const pid = await linkPid();
    await daemon.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    writeFileSync(gate, '');
    const [kept] = placesOfSessions(user, serverId);
    const status = join(kept, 'sessions', id, 'status.5');
    await expect.poll(() => existsSync(status), { timeout: 10_000 }).toBe(true);
    await daemon.serve();
    const next = await daemon.link(user);
    expect(await daemon.cli(user, ['attach', id])).toMatchObject({ status: 5, stdout: 'done\n' });
    next.kill();
    await next.finished;
  });

  test("outlives an orderly restart, and so does its user's login (A7)", async () => {
    const link = await daemon.link(user);
    const start = daemon.begin(user, ['start', '--', 'sh', '-c', script]);
    await start.printed(/line 50\n/);
    expect(await daemon.end('SIGTERM')).toMatchObject({ status: 0 });
    await daemon.serve();
    expect(await start.finished).toMatchObject({ status: 9, stdout: whole });
    expect((await daemon.cli(user, ['whoami'])).status).toBe(0);
    link.kill();
    await link.finished;
  });
});
