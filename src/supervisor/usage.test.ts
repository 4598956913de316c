import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Cgroup } from './cgroups/cgroup.ts';
import { LinkCgroup } from './cgroups/link-cgroup.ts';
import { RemovedOomKills } from './cgroups/session-cgroup.ts';
import { statOf } from './lifecycle/listening-process.ts';
import type { LinkInfo } from './link-info.ts';
import { LinkMeter } from './usage.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const info = (socket: string, sessions = 0): LinkInfo => ({
  socket,
  uid: 1000,
  linuxUser: 'alice',
  jti: 'j',
  daemon: true,
  pid: 1,
  state: 'ready',
  version: '0',
  createdAtMs: 0,
  sessions,
});

/** Starts a shell that does `work`; resolves once it has begun. */
async function busy(work: string): Promise<{ pid: number; startTime: number }> {
  const child = spawn('/bin/sh', ['-c', `echo begun; ${work}`], { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const pid = child.pid ?? 0;
  return { pid, startTime: (await statOf(pid))?.startTime ?? 0 };
}

const SPIN = 'while :; do :; done';
const WAIT = 'read -r line';

describe('the resource usage of links', () => {
  test('comes from the kernel: CPU since the previous reading, and memory (X7)', async () => {
    const parts = [
      { info: info('waits', 1), process: await busy(WAIT), cgroup: undefined },
      { info: info('spins', 2), process: await busy(SPIN), cgroup: undefined },
      { info: info('lost'), process: undefined, cgroup: undefined },
    ];
    const meter = new LinkMeter();
    const first = await meter.measure(parts);
    expect(first).toMatchObject({ links: 3, measured: 2, cpuShare: 0, sessions: 3 });
    expect(first.top.map(({ cpuShare }) => cpuShare)).toEqual([undefined, undefined]);
    for (const { memoryBytes } of first.top) expect(memoryBytes).toBeGreaterThan(100_000);
    let second = first;
    const shareOf = (at: number): number => second.top[at]?.cpuShare ?? 0;
    // The kernel counts in ticks: after a short while, one tick of a shell that waits is a large share.
    while (shareOf(0) < 0.05 || shareOf(1) > shareOf(0) / 10) {
      await delay(20);
      second = await meter.measure(parts);
    }
    expect(second.top.map(({ socket }) => socket)).toEqual(['spins', 'waits']);
    const [spins, waits] = second.top;
    expect(spins?.cpuShare).toBeLessThan(1.5);
    expect(second.cpuShare).toBeCloseTo((spins?.cpuShare ?? 0) + (waits?.cpuShare ?? 0));
    expect(second.memoryBytes).toBe((spins?.memoryBytes ?? 0) + (waits?.memoryBytes ?? 0));
  });

  test('is not that of another process with the same pid', async () => {
    const { pid, startTime } = await busy(WAIT);
    const process = { pid, startTime: startTime + 1 };
    const measured = await new LinkMeter().measure([{ info: info('gone'), process, cgroup: undefined }]);
    expect(measured).toMatchObject({ links: 1, measured: 0, top: [] });
  });

  test('is that of the whole cgroup, including sessions, if there is one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-use-'));
    try {
      mkdirSync(join(folder, 'self'));
      writeFileSync(join(folder, 'cpu.stat'), 'usage_usec 1000000\nuser_usec 1\n');
      writeFileSync(join(folder, 'memory.current'), '12345678\n');
      const cgroup = new LinkCgroup(new Cgroup(folder), new RemovedOomKills());
      const part = { info: info('grouped'), process: await busy(WAIT), cgroup };
      const meter = new LinkMeter();
      expect((await meter.measure([part])).top).toMatchObject([
        { memoryBytes: 12345678, withSessions: true },
      ]);
      rmSync(join(folder, 'memory.current')); // as when its controller is not enabled
      const alone = await new LinkMeter().measure([part]);
      expect(alone.top).toMatchObject([{ withSessions: false }]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is measured at most a fiftieth of the time, and never against a stale reading', async () => {
    let [nowMs, readings] = [0, 0];
    const clock = (): number => {
      readings += 1;
      nowMs += 1; // so that everything takes a while
      return nowMs;
    };
    const parts = [{ info: info('waits'), process: await busy(WAIT), cgroup: undefined }];
    const meter = new LinkMeter(clock);
    const shares = async (): Promise<(number | undefined)[]> =>
      (await meter.measure(parts)).top.map(({ cpuShare }) => cpuShare);
    expect(await shares()).toEqual([undefined]);
    const spent = readings;
    while ((await shares())[0] === undefined);
    expect(nowMs).toBeGreaterThanOrEqual(50 * (spent - 3));
    nowMs += 31_000;
    expect(await shares()).toEqual([undefined]);
  });

  test('lists the twenty links that use most, and a total', async () => {
    const process = await busy(WAIT);
    const parts = Array.from({ length: 70 }, (_, at) => ({
      info: info(`l${at}`, 1),
      process,
      cgroup: undefined,
    }));
    const measured = await new LinkMeter().measure(parts);
    expect(measured).toMatchObject({ links: 70, measured: 70, sessions: 70 });
    expect(measured.top).toHaveLength(20);
    expect(measured.memoryBytes).toBe(70 * (measured.top[0]?.memoryBytes ?? 0));
  });
});
