import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroups/cgroup.ts';
import { ProcessTable } from './lifecycle/process-table.ts';
import { SessionMeter, type SessionMeterOptions } from './session-meter.ts';

const MIB = 2 ** 20;
/** Has a child use CPU until it has ended, then waits. */
const WORKED = '(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done); echo up; sleep 60';

/** Starts a session: a keeper, which leads a process session, with a program that prints "up". */
async function keeperOf(program: string): Promise<number> {
  const words = ['-c', 'sh -c "$1"; :', 'keeper', program];
  const child: ChildProcess = spawn('/bin/sh', words, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'));
  await once(child.stdout ?? child, 'data');
  return child.pid ?? 0;
}

/** A folder with what the kernel tells of a cgroup. */
function cgroupWith(files: Readonly<Record<string, string>>): Cgroup {
  const folder = mkdtempSync(join(tmpdir(), 'cgroup-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return new Cgroup(folder);
}

interface Host extends Partial<Pick<SessionMeterOptions, 'nowMs' | 'table'>> {
  readonly cgroups?: Readonly<Record<string, Cgroup>>;
  readonly keepers?: Readonly<Record<string, number>>;
}

function meterOf({ cgroups = {}, keepers = {}, ...options }: Host): SessionMeter {
  return new SessionMeter({
    table: new ProcessTable(),
    ...options,
    cgroups: { sessions: async () => new Map(Object.entries(cgroups)) },
    keepers: { of: async ({ id }) => keepers[id] ?? 0 },
  });
}

const session = (id: string) => ({ id, uid: 0 });

test('a session is measured by its cgroup', async () => {
  const stat = 'usage_usec 1500000\nuser_usec 1\n';
  const cgroups = { s1: cgroupWith({ 'cpu.stat': stat, 'memory.current': '4096\n' }) };
  const usages = await meterOf({ cgroups }).measure([session('s1'), session('s2')]);
  expect(usages.get('s1')).toEqual({ cpuMs: 1500, memoryBytes: 4096 });
  expect(usages.get('s2')).toEqual({});
});

test('where that counts no memory, it is that of the processes in it', async () => {
  const stat = 'usage_usec 1500000\n';
  const cgroups = { s1: cgroupWith({ 'cpu.stat': stat, 'cgroup.procs': `${process.pid}\n` }) };
  const { cpuMs, memoryBytes = 0 } = (await meterOf({ cgroups }).measure([session('s1')])).get('s1') ?? {};
  expect(cpuMs).toBe(1500);
  expect(memoryBytes).toBeGreaterThan(20 * MIB);
});

test('a session without a cgroup is measured by the processes below its keeper, ended ones included', async () => {
  const keepers = { worked: await keeperOf(WORKED), waits: await keeperOf('echo up; sleep 60') };
  const usages = await meterOf({ keepers }).measure([session('worked'), session('waits'), session('gone')]);
  const { worked = {}, waits = {} } = Object.fromEntries(usages);
  expect(worked.cpuMs).toBeGreaterThan(50);
  expect(waits.cpuMs).toBeLessThan(worked.cpuMs ?? 0);
  expect(worked.memoryBytes).toBeGreaterThan(MIB / 4);
  expect(worked.memoryBytes).toBeLessThan(64 * MIB);
  expect(usages.get('gone')).toEqual({});
});

test('nothing is said of a session without a cgroup where processes are hidden', async () => {
  const hidden = { read: async () => undefined };
  const usages = await meterOf({ keepers: { s1: process.pid }, table: hidden }).measure([session('s1')]);
  expect(usages.get('s1')).toEqual({});
});

test('the processes of the host are read once for many calls and sessions', async () => {
  let [nowMs, reads] = [0, 0];
  const table = new ProcessTable();
  const read = () => {
    reads += 1;
    return table.read();
  };
  const keeper = await keeperOf('echo up; sleep 60');
  const ids = Array.from({ length: 100 }, (_, at) => `s${at}`);
  const keepers = Object.fromEntries(ids.map((id) => [id, keeper]));
  const meter = meterOf({ keepers, table: { read }, nowMs: () => nowMs });
  const measured = async (): Promise<number> => {
    const usages = await meter.measure(ids.map(session));
    return ids.filter((id) => (usages.get(id)?.memoryBytes ?? 0) > 0).length;
  };
  expect([await measured(), await measured(), reads]).toEqual([100, 100, 1]);
  nowMs = 1_999;
  expect([await measured(), reads]).toEqual([100, 1]);
  nowMs = 2_000;
  expect([await measured(), reads]).toEqual([100, 2]);
});

test('what took long to read serves longer, for ten seconds at most', async () => {
  let [nowMs, looks] = [0, 0];
  const meter = new SessionMeter({
    table: new ProcessTable(),
    keepers: { of: async () => 0 },
    nowMs: () => nowMs,
    cgroups: {
      sessions: async () => {
        await Promise.resolve();
        looks += 1;
        nowMs += looks === 1 ? 100 : 1_000;
        return new Map();
      },
    },
  });
  const looksAt = async (ms: number): Promise<number> => {
    nowMs = ms;
    await meter.measure([session(`s${ms}`)]);
    return looks;
  };
  expect([await looksAt(0), await looksAt(4_000), await looksAt(20_000)]).toEqual([1, 1, 2]);
  expect([await looksAt(29_999), await looksAt(30_000)]).toEqual([2, 3]);
});

test('nothing is said of a session when what is known of it cannot be read', async () => {
  const meter = new SessionMeter({
    table: new ProcessTable(),
    cgroups: undefined,
    keepers: { of: () => Promise.reject(new Error('EMFILE')) },
  });
  expect((await meter.measure([session('s1')])).get('s1')).toEqual({});
});

test('a session whose cgroup cannot be read is measured by its processes', async () => {
  const meter = new SessionMeter({
    table: new ProcessTable(),
    cgroups: { sessions: () => Promise.reject(new Error('EMFILE')) },
    keepers: { of: keeperOf.bind(undefined, 'echo up; sleep 60') },
  });
  await meter.measure([]);
  const { memoryBytes } = (await meter.measure([session('s1')])).get('s1') ?? {};
  expect(memoryBytes).toBeGreaterThan(MIB / 4);
});
