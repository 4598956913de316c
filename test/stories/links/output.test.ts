/**
 * Large output through link, server and command line: nothing is lost, and a slow reader delays nobody else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Run, runAs, user } from '../../support/account.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const KIB = 1024;
const LINES = 3_000_000;

describe('large output', () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(user);
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  /** Starts a session that waits for a line of input before it runs `script`. */
  async function waiting(script: string): Promise<string> {
    const command = ['sh', '-c', `read go; ${script}`];
    const { stdout } = await daemon.cli(user, ['start', '--detach', '-i', '--', ...command]);
    return stdout.trim();
  }

  /** Runs `latchkey attach ID` in a pipeline to `onward`; with `go` it sends that line. */
  function attach(id: string, onward: string, go = false): Run {
    const pipeline = `${go ? 'echo |' : ''} "$1" attach --run "$2" ${go ? '-i' : ''} "$3" 2>&- | ${onward}`;
    return runAs(user, ['sh', '-c', pipeline, 'sh', program(), daemon.runFolder, id]);
  }

  test('reaches each of several readers complete, in order and with its streams separate', async () => {
    const id = await waiting(`seq 1 ${LINES}; seq 1 1000 >&2; seq 1 ${LINES}`);
    const readers = [attach(id, 'sha256sum'), attach(id, 'sha256sum', true)];
    const counted = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join('');
    const expected = createHash('sha256').update(counted).update(counted).digest('hex');
    for (const { finished } of readers) expect((await finished).stdout).toBe(`${expected}  -\n`);
  });

  test('is complete although far more is printed than is kept', async () => {
    await using small = await TestDaemon.start({ config: { sessions: { output_limit: '64KiB' } } });
    await small.link(user);
    const run = await small.cli(user, ['start', '--', 'head', '-c', '30000000', '/dev/zero']);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout.length).toBe(30_000_000);
  });

  test('that a client does not read delays no other client, and the server buffers little of it', async () => {
    const resident = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]);
    const ids = await Promise.all([1, 2, 3, 4].map(() => waiting('exec yes 0123456789')));
    const before = resident();
    const stalled = ids.map((id) => attach(id, '{ read line; echo "$line"; exec sleep 1000; }', true));
    for (const run of stalled) await run.printed(/0123456789/);
    const quick = await daemon.cli(user, ['start', '--', 'seq', '1', '200000']);
    expect(quick.stdout.length).toBe(1_288_895);
    expect((resident() - before) / KIB).toBeLessThan(32);
    for (const id of ids) {
      expect(await daemon.cli(user, ['sessions', 'signal', id, 'KILL'])).toMatchObject({ status: 0 });
    }
    for (const run of stalled) run.kill('SIGKILL');
  });
});
