/**
 * What links use of the processor and of memory. It is measured for whoever asks, a few links at a time and at most
 * for a fiftieth of the time, so that two thousand of them hold up no call.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunksOf } from '../async/chunks-of.ts';
import { kernelUnits } from '../system/kernel-units.ts';
import { parseStat } from '../system/proc-stat.ts';
import type { Cgroup } from './cgroups/cgroup.ts';
import type { Link } from './link.ts';

/** What one link uses. */
export interface LinkUsage {
  readonly socket: string;
  readonly linuxUser: string;
  readonly pid: number;
  readonly sessions: number;
  /** Of one core, since it was measured before; undefined when it was not. */
  readonly cpuShare: number | undefined;
  /** In RAM. */
  readonly memoryBytes: number;
  /** Whether that is what its sessions use, too. */
  readonly withSessions: boolean;
}

export interface LinksUsage {
  /** Most CPU first, then most memory; 20 at most. */
  readonly top: readonly LinkUsage[];
  readonly links: number;
  /** How many of them the kernel told about. */
  readonly measured: number;
  /** Of all measured, as the next. */
  readonly cpuShare: number;
  readonly memoryBytes: number;
  /** Of all links. */
  readonly sessions: number;
}

type LinkParts = Pick<Link, 'info' | 'process' | 'cgroup'>;

/** What was read of a link, and when; `of` tells one process or control group from another. */
interface Reading {
  readonly of: string;
  readonly atMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

const TOP = 20;
const AT_ONCE = 32;
/** How much longer than measuring took is waited before it is done again. */
const REST = 50;
const STALE_MS = 30_000;

export class LinkMeter {
  #before = new Map<string, Reading>();
  #uses: LinkUsage[] = [];
  #measuring: Promise<void> | undefined;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  readonly #nowMs: () => number;

  /** `nowMs` is a clock that nobody sets; whatever its beginning. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** What they use now, or did when it was measured last. */
  async measure(links: readonly LinkParts[]): Promise<LinksUsage> {
    if (this.#nowMs() >= this.#restUntilMs) {
      this.#measuring ??= this.#readAll(links).finally(() => {
        this.#measuring = undefined;
      });
      await this.#measuring;
    }
    const uses = this.#uses;
    return {
      top: uses.toSorted(byUse).slice(0, TOP),
      links: links.length,
      measured: uses.length,
      cpuShare: sum(uses.map(({ cpuShare = 0 }) => cpuShare)),
      memoryBytes: sum(uses.map(({ memoryBytes }) => memoryBytes)),
      sessions: sum(links.map(({ info }) => info.sessions)),
    };
  }

  async #readAll(links: readonly LinkParts[]): Promise<void> {
    const readings = new Map<string, Reading>();
    const uses: LinkUsage[] = [];
    let spentMs = 0;
    for (const [turn, some] of [...chunksOf(links, AT_ONCE)].entries()) {
      if (turn > 0) await nextTurn();
      const begunMs = this.#nowMs();
      for (const link of some) {
        const use = this.#use(link, readings);
        if (use !== undefined) uses.push(use);
      }
      spentMs += this.#nowMs() - begunMs;
    }
    this.#before = readings;
    this.#uses = uses;
    this.#restUntilMs = this.#nowMs() + REST * spentMs;
  }

  #use(link: LinkParts, readings: Map<string, Reading>): LinkUsage | undefined {
    const { process, cgroup, info } = link;
    if (process === undefined) return undefined;
    const atMs = this.#nowMs();
    const whole = cgroup && ofCgroup(cgroup.whole, atMs);
    const reading = whole ?? ofProcess(process, atMs);
    if (reading === undefined) return undefined;
    const { socket, linuxUser, sessions } = info;
    const before = this.#before.get(socket);
    readings.set(socket, reading);
    const { memoryBytes } = reading;
    const cpuShare = before?.of === reading.of ? shareSince(before, reading) : undefined;
    const withSessions = whole !== undefined;
    return { socket, linuxUser, pid: process.pid, sessions, cpuShare, memoryBytes, withSessions };
  }
}

/** Undefined when nobody has looked for long: nobody wants to know of then. */
function shareSince(before: Reading, { cpuMs, atMs }: Reading): number | undefined {
  if (atMs - before.atMs > STALE_MS) return undefined;
  return Math.max(0, cpuMs - before.cpuMs) / (atMs - before.atMs);
}

/** cgroups(7): cpu.stat is there without any controller, memory.current is not. */
function ofCgroup({ path }: Cgroup, atMs: number): Reading | undefined {
  const [, usec] = /^usage_usec (\d+)$/m.exec(textOf(`${path}/cpu.stat`)) ?? [];
  const memory = textOf(`${path}/memory.current`);
  if (usec === undefined || memory === '') return undefined;
  return { of: path, atMs, cpuMs: Number(usec) / 1000, memoryBytes: Number(memory) };
}

/** proc_pid_stat(5); undefined when another process has the id by now. */
function ofProcess({ pid, startTime }: NonNullable<Link['process']>, atMs: number): Reading | undefined {
  const stat = parseStat(textOf(`/proc/${pid}/stat`));
  if (stat?.startTime !== startTime) return undefined;
  const { pageBytes, ticksPerSecond } = kernelUnits();
  const cpuMs = (stat.cpuTicks / ticksPerSecond) * 1000;
  const memoryBytes = stat.residentPages * pageBytes;
  return { of: `${pid} ${startTime}`, atMs, cpuMs, memoryBytes };
}

/** Files that the kernel makes up as they are read: nothing waits for a disk. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function byUse(one: LinkUsage, other: LinkUsage): number {
  return (other.cpuShare ?? 0) - (one.cpuShare ?? 0) || other.memoryBytes - one.memoryBytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
