import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alice, bob } from '../../../test/support/account.ts';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { needs } from '../../../test/support/needs.ts';
import { endProcesses, send } from './end-processes.ts';
import { findProcess } from './processes.ts';

let daemon: FakeDaemon;
let link: StartedLink;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ link, line } = await daemon.link());
});
afterAll(() => daemon[Symbol.asyncDispose]());

const end = (sessionId: string, graceMilliseconds: number, by = line) =>
  by.ask({ $case: 'end', value: { sessionId, graceMilliseconds } }, 'ended');

/** Resolves with the output of the session once it matches. */
async function printed(id: string, pattern: RegExp, by = line): Promise<string> {
  let text = '';
  await eventually(async () => (text = (await by.read(id, { follow: false })).stdout)).toMatch(pattern);
  return text;
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

describe('ending a session', () => {
  it("sends SIGTERM first, and reports the program's own exit status", async () => {
    const { id } = await line.start([
      'bash',
      '-c',
      'trap "echo bye; exit 21" TERM; echo up; while :; do sleep 0.02; done',
    ]);
    await printed(id, /up/);
    const { processes, survivors } = await end(id, 10_000);
    expect(processes).toBeGreaterThanOrEqual(1);
    expect(survivors).toEqual([]);
    expect(await line.read(id)).toMatchObject({ stdout: 'up\nbye\n', status: 21 });
  });

  it('ends processes that fork twice, call setsid and ignore SIGTERM (X3)', async () => {
    const script = `trap "" TERM HUP; (setsid sh -c 'trap "" TERM; echo $$; sleep 60 & echo $!; wait' &) ; echo $$; sleep 60`;
    const { id } = await line.start(['sh', '-c', script]);
    const pids = (await printed(id, /(\d+\n){3}/)).trim().split('\n').map(Number);
    const { processes, survivors } = await end(id, 200);
    expect(survivors).toEqual([]);
    expect(processes).toBeGreaterThanOrEqual(4);
    expect(pids.filter(isRunning)).toEqual([]);
    expect((await line.read(id)).status).toBe(137);
  });

  it('ends processes without their environment, and stopped ones', async () => {
    const script = 'env -i sh -c "echo \\$\\$; kill -STOP \\$\\$; sleep 60" & wait';
    const { id } = await line.start(['sh', '-c', script]);
    const pid = Number(await printed(id, /\d+\n/));
    expect((await end(id, 300)).survivors).toEqual([]);
    expect(isRunning(pid)).toBe(false);
  });

  it('ends processes that keep forking', async () => {
    // A chain in which each process leaves the next behind, and a tree: both end by themselves.
    const chain = 'c() { [ $1 -eq 0 ] || { sleep 0.01; c $(($1 - 1)) & }; }; c 400 &';
    const leaf = '{ echo leaf; sleep 5; }';
    const tree = `t() { [ $1 -eq 0 ] && ${leaf} || { t $(($1 - 1)) & t $(($1 - 1)) & wait; }; }; t 6`;
    const { id } = await line.start(['bash', '-c', `trap "" TERM; ${chain} ${tree}`]);
    await printed(id, /(leaf\n){10}/);
    const { survivors, processes } = await end(id, 50);
    expect(survivors).toEqual([]);
    expect(processes).toBeGreaterThan(10);
    expect((await line.read(id)).status).toBe(137);
  });

  it('kills a crowd at once, because it would only grow while it is asked', async () => {
    const crowd = 'exec 3<&0; i=0; while [ $i -lt 1100 ]; do (read -r _ <&3) & i=$((i + 1)); done';
    const script = `trap "echo asked" TERM; ${crowd}; echo up; wait`;
    const { id } = await line.start(['sh', '-c', script], { input: true });
    await printed(id, /up/);
    const { processes, survivors } = await end(id, 10_000);
    expect(survivors).toEqual([]);
    expect(processes).toBeGreaterThan(1100);
    expect(await line.read(id)).toMatchObject({ stdout: 'up\n', status: 137 });
  });

  it('ends a program that is being started', async () => {
    for (let run = 0; run < 20; run += 1) {
      const { id, pid } = await line.start(['sleep', '60']);
      expect(await end(id, 0)).toEqual({ sessionId: id, processes: 1, survivors: [], incomplete: false });
      await eventually(() => isRunning(pid)).toBe(false);
      expect([137, 143]).toContain((await line.read(id)).status);
    }
  });

  it('waits for a program that its keeper has yet to start', async () => {
    const shell = spawn('sh', ['-c', 'read -r _; sleep 60 & wait'], { detached: true });
    let hasEnded = false;
    shell.once('exit', () => {
      hasEnded = true;
    });
    let looks = 0;
    const hasProgramEnded = (): boolean => {
      looks += 1;
      return hasEnded;
    };
    const keeper = findProcess(shell.pid ?? 0);
    const ending = endProcesses(
      { id: 's', keeper, helpers: [], hasProgramEnded, open: () => undefined },
      10_000,
    );
    await expect.poll(() => looks, { message: 'it looks again' }).toBeGreaterThan(1);
    shell.stdin.write('\n');
    expect(await ending).toEqual({ processes: 1, survivors: [], incomplete: false });
  });

  it('does not end a similar session', async () => {
    const other = await line.start(['sh', '-c', 'echo here; exec sleep 60']);
    const { id } = await line.start(['sleep', '60'], {
      environment: { OTHER: Buffer.from(`LATCHKEY_SESSION_ID=${other.id}`) },
    });
    await printed(other.id, /here/);
    expect(await end(id, 1000)).toEqual({ sessionId: id, processes: 1, survivors: [], incomplete: false });
    expect(isRunning(other.pid)).toBe(true);
    expect((await end(other.id, 1000)).processes).toBe(1);
  });

  it("ends a process that only has another session's id in its environment", async () => {
    const other = await line.start(['sleep', '60']);
    const script = `LATCHKEY_SESSION_ID=${other.id} setsid sleep 60 & echo $!; wait`;
    const { id } = await line.start(['sh', '-c', script]);
    const pid = Number(await printed(id, /\d+\n/));
    await eventually(() => readFileSync(`/proc/${pid}/environ`, 'latin1')).toContain(other.id);
    expect((await end(id, 1000)).survivors).toEqual([]);
    expect(isRunning(pid), 'it has escaped').toBe(false);
    expect(isRunning(other.pid)).toBe(true);
    await end(other.id, 1000);
  });

  it('does not end sessions of a link that was started within it', async () => {
    const entry = daemon.entry.join(' ');
    const nested = await line.start([
      'sh',
      '-c',
      `exec ${process.execPath} ${entry} --run ${daemon.run} --print-token`,
    ]);
    await eventually(() => daemon.line !== line && daemon.line?.nonce.length).toBe(32);
    await printed(nested.id, /\./);
    const inner = daemon.line as Line;
    const { id } = await inner.start(['sleep', '60']);
    const started = (await inner.ask({ $case: 'list', value: {} }, 'sessions')).sessions;
    const keeper = started.find(({ sessionId }) => sessionId === id)?.pid ?? 0;
    expect((await end(nested.id, 3000)).survivors).toEqual([]);
    expect(isRunning(keeper)).toBe(true);
    await line.ask({ $case: 'adopt', value: { sessionIds: [id] } }, 'sessions');
    expect((await end(id, 1000)).processes).toBe(1);
  });

  it('does not end the link that does it, even if that was started within the session', async () => {
    await using other = await FakeDaemon.open();
    const { link: outer, line: its } = await other.link();
    const nested = [process.execPath, ...other.entry, '--run', other.run, '--print-token'].join(' ');
    const { id } = await its.start(['sh', '-c', `${nested} & (trap '' TERM; exec sleep 60) & wait`]);
    await printed(id, /\./, its);
    const inner = other.line as Line;
    outer.process.kill('SIGKILL');
    await outer.exit;
    await inner.ask({ $case: 'adopt', value: { sessionIds: [id] } }, 'sessions');
    expect(await end(id, 1000, inner)).toMatchObject({ processes: 2, survivors: [] });
    const value = { retire: false, endSessions: false, graceMilliseconds: 0 };
    expect(await inner.ask({ $case: 'stop', value }, 'stopped')).toEqual({ ended: [] });
  });

  it("names another user's process, which it cannot end (X3)", needs('world'), async () => {
    const becomeBob = '/mnt/become-bob';
    copyFileSync('/usr/bin/setpriv', becomeBob);
    chmodSync(becomeBob, 0o4755); // root's, as sudo is
    await using hers = await FakeDaemon.open(alice);
    const { line: its } = await hers.link(['--print-token']);
    const script = `${becomeBob} --reuid=${bob.uid} --clear-groups sleep 61 & echo $!; wait`;
    const { id } = await its.start(['sh', '-c', script]);
    const pid = Number(await printed(id, /\d+\n/, its));
    const command = (): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
    await eventually(command).toBe('sleep 61 ');
    expect(await end(id, 1000, its)).toEqual({
      sessionId: id,
      processes: 1,
      survivors: [{ pid, uid: bob.uid, command: 'sleep 61' }],
      incomplete: false,
    });
  });

  it('does nothing when the session has ended, and fails when it is unknown', async () => {
    const { id } = await line.start(['true']);
    await line.read(id);
    expect(await end(id, 0)).toEqual({ sessionId: id, processes: 0, survivors: [], incomplete: false });
    await expect(end('unknown', 0)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

describe('a signal', () => {
  it('is sent to no other process that has been given the pid', async () => {
    const child = spawn('sleep', ['60']);
    const entry = findProcess(child.pid ?? 0);
    if (entry === undefined) throw new Error('no process');
    send({ ...entry, startTime: entry.startTime - 1 }, 'SIGKILL');
    send(entry, 'SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });
});

describe('orphans', () => {
  it('are reaped', async () => {
    const { id } = await line.start(['sh', '-c', '(sleep 0.1 & echo $!) ; exit 0']);
    const pid = Number(await printed(id, /\d+\n/));
    await eventually(() =>
      execFileSync('ps', ['-eo', 'pid=']).toString().split('\n').map(Number).includes(pid),
    ).toBe(false);
    const children = readFileSync(
      `/proc/${link.process.pid}/task/${link.process.pid}/children`,
      'latin1',
    ).trim();
    expect(children.split(' ').filter((child) => child !== '' && !isRunning(Number(child)))).toEqual([]);
  });
});

describe('a link that is stopped', () => {
  it('retires: starts nothing, waits for running sessions, then exits', async () => {
    await using other = await FakeDaemon.open();
    const { link: retiring, line: its } = await other.link();
    const { id } = await its.start(['sh', '-c', 'read go; echo out; exit 2'], { input: true });
    const reading = its.read(id);
    const stopped = its.ask(
      { $case: 'stop', value: { retire: true, endSessions: false, graceMilliseconds: 0 } },
      'stopped',
    );
    await expect(its.start(['true'])).rejects.toMatchObject({ reason: 'LINK_LOST' });
    await its.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    expect(await reading).toMatchObject({ stdout: 'out\n', status: 2 });
    expect(await stopped).toEqual({ ended: [] });
    expect(await retiring.exit).toBe(0);
  });

  it('ends its sessions first when requested, and reports them', async () => {
    await using other = await FakeDaemon.open();
    const { link: leaving, line: its } = await other.link();
    const { id, pid } = await its.start(['sleep', '60']);
    const value = { retire: false, endSessions: true, graceMilliseconds: 1000 };
    expect(await its.ask({ $case: 'stop', value }, 'stopped')).toEqual({
      ended: [{ sessionId: id, processes: 1, survivors: [], incomplete: false }],
    });
    expect(await leaving.exit).toBe(0);
    await eventually(() => isRunning(pid)).toBe(false); // the keeper, which has been sent SIGKILL
  });
});
