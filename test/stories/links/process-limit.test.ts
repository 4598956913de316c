/** A user who may start no more processes (RLIMIT_NPROC, getrlimit(2)) is told so and keeps the link (X4). */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

describe('a link whose user may start no more processes', needs('world'), () => {
  let daemon: TestDaemon;

  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('says so for each start, goes on, and starts programs again when there is room', async () => {
    const [link] = await daemon.as(alice).links();
    const { uid } = alice;
    const limit = (processes: string): unknown =>
      execFileSync('prlimit', [`--pid=${link?.pid}`, `--nproc=${processes}:`], { uid, gid: uid });
    const running = (await daemon.cli(alice, ['start', '--detach', 'sleep', '600'])).stdout.trim();
    const soft = ['--nproc', '--noheadings', '--output=SOFT'];
    const before = execFileSync('prlimit', [`--pid=${process.pid}`, ...soft], { encoding: 'utf8' }).trim();
    limit('1');
    for (let starts = 0; starts < 3; starts += 1) {
      const { status, stderr } = await daemon.cli(alice, ['start', '--', 'true']);
      expect([status, stderr]).toEqual([
        255,
        'latchkey: cannot start the session: no more processes are allowed (ulimit -u)\n',
      ]);
    }
    limit(before);
    expect(await daemon.cli(alice, ['start', '--', 'echo', 'again'])).toMatchObject({ stdout: 'again\n' });
    expect((await daemon.as(alice).links()).map(({ pid }) => pid)).toEqual([link?.pid]);
    const left = (await daemon.as(alice).sessions()).filter(({ state }) => state !== 'ended');
    expect(left.map(({ id }) => id)).toEqual([running]);
    await daemon.cli(alice, ['sessions', 'end', running]);
  });
});
