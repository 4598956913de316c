/** Reads what the kernel says of the CPU time and memory of a cgroup or process. */
import { readFileSync } from 'node:fs';
import { kernelUnits } from '../system/kernel-units.ts';
import { type ProcessStat, parseStat } from '../system/proc-stat.ts';
import type { Cgroup } from './cgroups/cgroup.ts';

export interface KernelUsage {
  readonly cpuMs: number;
  /** Memory in bytes. */
  readonly memoryBytes: number;
}

/**
 * Returns the usage of a cgroup with all below it (cgroups(7)): cpu.stat exists without any controller,
 * memory.current does not, and includes the page cache.
 */
export function cgroupUsage({ path }: Pick<Cgroup, 'path'>): Partial<KernelUsage> {
  const [, usec] = /^usage_usec (\d+)$/m.exec(textOf(`${path}/cpu.stat`)) ?? [];
  const memory = textOf(`${path}/memory.current`);
  return {
    ...(usec !== undefined && { cpuMs: Number(usec) / 1000 }),
    ...(memory !== '' && { memoryBytes: Number(memory) }),
  };
}

/** Returns the stat of a process (proc_pid_stat(5)); undefined when there is none. */
export function readStat(pid: number): ProcessStat | undefined {
  return parseStat(textOf(`/proc/${pid}/stat`));
}

/** Returns a process's own usage, without that of its children. */
export function processUsage({ cpuTicks, residentPages }: ProcessStat): KernelUsage {
  const { pageBytes } = kernelUnits();
  return { cpuMs: ticksMs(cpuTicks), memoryBytes: residentPages * pageBytes };
}

/** Returns milliseconds for clock ticks. */
export function ticksMs(ticks: number): number {
  return (ticks / kernelUnits().ticksPerSecond) * 1000;
}

/** Reads a file of a virtual file system, which never waits for a disk. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
