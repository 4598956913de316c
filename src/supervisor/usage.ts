/**
 * Measures the CPU and memory usage of links, on request. Reads a few links at a time and at most a
 * fiftieth of the time, so that two thousand links delay no call.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunksOf } from '../async/chunks-of.ts';
import type { Cgroup } from './cgroups/cgroup.ts';
import { cgroupUsage, processUsage, readStat } from './kernel-usage.ts';
import type { ListeningProcess } from './lifecycle/listening-process.ts';
import type { Link } from './link.ts';

/** Usage of one link. */
export interface LinkUsage {
  readonly socket: string;
  readonly linuxUser: string;
  readonly pid: number;
  readonly sessions: number;
  /** CPU time since the previous measurement, as a share of one core; undefined in the first one. */
  readonly cpuShare: number | undefined;
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  /** True when the figures include the link's sessions. */
  readonly withSessions: boolean;
}

export interface LinksUsage {
  /** The links that use most CPU, then most memory; at most 20. */
  readonly top: readonly LinkUsage[];
  readonly links: number;
  /** Number of links that could be measured. */
  readonly measured: number;
  /** CPU share of all measured links together. */
  readonly cpuShare: number;
  readonly memoryBytes: number;
  /** Number of running sessions of all links. */
  readonly sessions: number;
}

type LinkParts = Pick<Link, 'info' | 'cgroup'> & {
  readonly process: Pick<ListeningProcess, 'pid' | 'startTime'> | undefined;
};

/** One reading of a link's counters; `of` identifies the process or cgroup. */
interface UsageReading {
  readonly of: string;
  readonly atMs: number;
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

const TOP = 20;
const AT_ONCE = 32;
/** The pause after a measurement is this many times its duration. */
const PAUSE_FACTOR = 50;
const STALE_MS = 30_000;

export class LinkMeter {
  #before = new Map<string, UsageReading>();
  #usages: LinkUsage[] = [];
  #measuring: Promise<void> | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  readonly #nowMs: () => number;

  /** `nowMs` is a monotonic clock in milliseconds. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Returns the current usage, or the latest measurement during the pause. */
  async measure(links: readonly LinkParts[]): Promise<LinksUsage> {
    if (this.#nowMs() >= this.#pausedUntilMs) {
      this.#measuring ??= this.#readAll(links).finally(() => {
        this.#measuring = undefined;
      });
      await this.#measuring;
    }
    const usages = this.#usages;
    return {
      top: usages.toSorted(mostUsedFirst).slice(0, TOP),
      links: links.length,
      measured: usages.length,
      cpuShare: sum(usages.map(({ cpuShare = 0 }) => cpuShare)),
      memoryBytes: sum(usages.map(({ memoryBytes }) => memoryBytes)),
      sessions: sum(links.map(({ info }) => info.sessions)),
    };
  }

  async #readAll(links: readonly LinkParts[]): Promise<void> {
    const readings = new Map<string, UsageReading>();
    const usages: LinkUsage[] = [];
    let spentMs = 0;
    for (const [turn, some] of [...chunksOf(links, AT_ONCE)].entries()) {
      if (turn > 0) await nextTurn();
      const begunMs = this.#nowMs();
      for (const link of some) {
        const usageOf = this.#usageOf(link, readings);
        if (usageOf !== undefined) usages.push(usageOf);
      }
      spentMs += this.#nowMs() - begunMs;
    }
    this.#before = readings;
    this.#usages = usages;
    this.#pausedUntilMs = this.#nowMs() + PAUSE_FACTOR * spentMs;
  }

  #usageOf(link: LinkParts, readings: Map<string, UsageReading>): LinkUsage | undefined {
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

/** Returns undefined when the previous reading is too old to be meaningful. */
function shareSince(before: UsageReading, { cpuMs, atMs }: UsageReading): number | undefined {
  if (atMs - before.atMs > STALE_MS) return undefined;
  return Math.max(0, cpuMs - before.cpuMs) / (atMs - before.atMs);
}

function ofCgroup(cgroup: Cgroup, atMs: number): UsageReading | undefined {
  const { cpuMs, memoryBytes } = cgroupUsage(cgroup);
  if (cpuMs === undefined || memoryBytes === undefined) return undefined;
  return { of: cgroup.path, atMs, cpuMs, memoryBytes };
}

/** Returns a process's usage; undefined when its pid belongs to another process now. */
function ofProcess(
  { pid, startTime }: NonNullable<LinkParts['process']>,
  atMs: number,
): UsageReading | undefined {
  const stat = readStat(pid);
  if (stat === undefined || stat.startTime !== startTime) return undefined;
  return { of: `${pid} ${startTime}`, atMs, ...processUsage(stat) };
}

function mostUsedFirst(one: LinkUsage, other: LinkUsage): number {
  return (other.cpuShare ?? 0) - (one.cpuShare ?? 0) || other.memoryBytes - one.memoryBytes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
