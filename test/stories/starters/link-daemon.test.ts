/** Link daemons: in the background, one for each user. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { administrator, user } from '../../support/account.ts';
import type { Link } from '../../support/server/caller.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;

async function linkDaemons(): Promise<Link[]> {
  const links = await daemon.as(administrator).links('--local-admin');
  return links.filter((link) => link.daemon);
}

describe('a link daemon', () => {
  beforeEach(async () => {
    daemon = await TestDaemon.start();
  });
  afterEach(async () => {
    for (const { socket } of await linkDaemons()) {
      await daemon.cli(administrator, ['links', 'stop', socket, '--local-admin']);
    }
    await daemon[Symbol.asyncDispose]();
  });

  test('runs in the background, started by a command that ends once it is ready (F16)', async () => {
    expect(await daemon.cli(user, ['link', '--daemon'])).toMatchObject({ status: 0, stderr: '' });
    const [link] = await linkDaemons();
    expect(link).toMatchObject({ state: 'ready' });
    const status = readFileSync(`/proc/${link?.pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:\\t${user.uid}\\t${user.uid}\\t`, 'm'));
    const stat = readFileSync(`/proc/${link?.pid}/stat`, 'utf8');
    const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect(session).toBe(String(link?.pid)); // its own: closing a terminal does not reach it
  });

  test('replaces the previous one (F9)', async () => {
    await daemon.cli(user, ['link', '--daemon']);
    const [first] = await linkDaemons();
    await daemon.cli(user, ['link', '--daemon']);
    await expect
      .poll(async () => (await linkDaemons()).map((link) => link.state), { timeout: 10_000 })
      .toEqual(['ready']);
    expect((await linkDaemons())[0]?.socket).not.toBe(first?.socket);
  });

  test('is the only one, however many are started at once (F9)', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => daemon.cli(user, ['link', '--daemon'])));
    expect(runs.map((run) => run.status)).toContain(0);
    const ready = async (): Promise<number> =>
      (await linkDaemons()).filter((link) => link.state === 'ready').length;
    await expect.poll(ready, { timeout: 10_000 }).toBe(1);
    await expect.poll(async () => (await linkDaemons()).length, { timeout: 10_000 }).toBe(1);
  });

  test('outlives the server, which finds it again', async () => {
    await daemon.cli(user, ['link', '--daemon']);
    const [before] = await linkDaemons();
    await daemon.end('SIGKILL');
    await daemon.serve();
    expect(await linkDaemons()).toMatchObject([{ socket: before?.socket, pid: before?.pid, state: 'ready' }]);
  });

  test('without a server ends with 1 and says what to do', async () => {
    await daemon.end();
    const run = await daemon.cli(user, ['link', '--daemon']);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^latchkey link: .*\n$/);
    await daemon.serve();
  });
});
