/** A start in a terminal whose user may start too few processes (RLIMIT_NPROC, getrlimit(2)). */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice } from '../../../test/support/account.ts';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { needs } from '../../../test/support/needs.ts';
import { readProcesses, uidOf } from '../processes/processes.ts';

describe('a start in a terminal', needs('world'), () => {
  let daemon: FakeDaemon;
  let line: Line;
  let link: StartedLink;

  beforeAll(async () => {
    daemon = await FakeDaemon.open(alice);
    ({ line, link } = await daemon.link(['--print-token']));
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const processes = (): number[] =>
    readProcesses()
      .filter(({ pid }) => uidOf(pid) === alice.uid)
      .map(({ pid }) => pid);

  function prlimit(option: string, ...more: string[]): string {
    const { uid } = alice;
    const words = [`--pid=${link.process.pid}`, option, ...more];
    return execFileSync('prlimit', words, { uid, gid: uid, encoding: 'utf8' }).trim();
  }

  it.each([0, 1, 2])('fails and leaves nothing when only %i more processes are allowed', async (more) => {
    const { pid } = link.process;
    await eventually(processes).toEqual([pid]);
    const before = prlimit('--nproc', '--noheadings', '--output=SOFT');
    prlimit(`--nproc=${readdirSync(`/proc/${pid}/task`).length + more}:`);
    const started = line.start(['true'], { terminal: { columns: 80, rows: 24 } });
    const message = expect.stringContaining('no more processes are allowed (ulimit -u)');
    await expect(started).rejects.toMatchObject({ reason: 'START_FAILED', message });
    await eventually(processes).toEqual([pid]);
    expect(readdirSync(daemon.sessions)).toEqual([]);
    prlimit(`--nproc=${before}:`);
    const { id } = await line.start(['echo', 'again'], { terminal: { columns: 80, rows: 24 } });
    expect(await line.read(id)).toMatchObject({ all: 'again\r\n', status: 0 });
    await line.ask({ $case: 'forget', value: { sessionIds: [id] } }, 'done');
  });
});
