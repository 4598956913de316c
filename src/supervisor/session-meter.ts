/**
 * Measures the CPU time and memory of running sessions, on request. All calls of the next two seconds share
 * what has been read, and of up to ten when it took long: many calls cost hardly more than one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { chunksOf } from '../async/chunks-of.ts';
import type { SessionRow } from '../store/schema.ts';
import type { Cgroup } from './cgroups/cgroup.ts';
import type { CgroupTree } from './cgroups/cgroup-tree.ts';
import { cgroupUsage, type KernelUsage, processUsage, ticksMs } from './kernel-usage.ts';
import type { Keepers } from './lifecycle/keepers.ts';
import { type ProcessEntry, type ProcessTable, ProcessTree } from './lifecycle/process-table.ts';

/** Usage of a session, as far as the kernel tells. */
export type SessionUsage = Partial<KernelUsage>;

export type MeasuredSession = Pick<SessionRow, 'id' | 'uid'>;

export interface SessionMeterOptions {
  readonly cgroups: Pick<CgroupTree, 'sessions'> | undefined;
  readonly keepers: Pick<Keepers, 'of'>;
  readonly table: Pick<ProcessTable, 'read'>;
  /** Monotonic clock, in milliseconds. */
  readonly nowMs?: () => number;
}

const AT_ONCE = 32;
const SHARED_MS = 2_000;
/** A look serves for this many times the time that it took. */
const SHARED_FACTOR = 50;
const LONGEST_SHARED_MS = 10_000;

/** A look at the host, which is shared until it is too old. */
interface Look {
  readonly sinceMs: number;
  spentMs: number;
  readonly cgroups: Promise<ReadonlyMap<string, Cgroup>>;
  /** The host's processes, read when the first session needs them; undefined when some are hidden. */
  processes?: Promise<ProcessTree | undefined>;
  readonly usages: Map<string, SessionUsage>;
}

export class SessionMeter {
  readonly #options: SessionMeterOptions;
  readonly #nowMs: () => number;
  #look: Look | undefined;

  constructor(options: SessionMeterOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** Returns the usages of running sessions by id, without those of which nothing is known. */
  async measure(sessions: readonly MeasuredSession[]): Promise<ReadonlyMap<string, SessionUsage>> {
    const look = this.#currentLook();
    const missing = sessions.filter(({ id }) => !look.usages.has(id));
    for (const [turn, some] of [...chunksOf(missing, AT_ONCE)].entries()) {
      if (turn > 0) await nextTurn();
      const begunMs = this.#nowMs();
      // Sessions are listed even when the server has no descriptors left to measure them.
      const usageOf = (each: MeasuredSession): Promise<SessionUsage> =>
        this.#usageOf(each, look).catch(() => ({}));
      await Promise.all(some.map(async (each) => look.usages.set(each.id, await usageOf(each))));
      look.spentMs += this.#nowMs() - begunMs;
    }
    return look.usages;
  }

  #currentLook(): Look {
    const sinceMs = this.#nowMs();
    const current = this.#look;
    if (current && sinceMs - current.sinceMs < sharedMs(current)) return current;
    const found = this.#options.cgroups?.sessions() ?? Promise.resolve(new Map<string, Cgroup>());
    // Cgroups that cannot be read, for example without descriptors, are as good as none.
    const cgroups = found.catch(() => new Map<string, Cgroup>());
    this.#look = { sinceMs, spentMs: 0, cgroups, usages: new Map() };
    return this.#look;
  }

  async #usageOf(session: MeasuredSession, look: Look): Promise<SessionUsage> {
    const cgroup = (await look.cgroups).get(session.id);
    const counted = cgroup === undefined ? {} : cgroupUsage(cgroup);
    if (counted.cpuMs !== undefined && counted.memoryBytes !== undefined) return counted;
    const processes = await this.#processesOf(session, cgroup, look);
    if (processes.length === 0) return counted;
    // The CPU time of processes that have ended is in their parents'.
    const cpuMs = sum(processes.map((one) => ticksMs(one.cpuTicks + one.childTicks)));
    const memoryBytes = sum(processes.map((one) => processUsage(one).memoryBytes));
    return { cpuMs, memoryBytes, ...counted };
  }

  /** Returns the processes of a session: those in its cgroup, else those below its keeper. */
  async #processesOf(
    session: MeasuredSession,
    cgroup: Cgroup | undefined,
    look: Look,
  ): Promise<readonly ProcessEntry[]> {
    const keeper = cgroup === undefined ? await this.#options.keepers.of(session) : 0;
    if (cgroup === undefined && keeper === 0) return [];
    look.processes ??= this.#options.table.read().then((table) => table && new ProcessTree(table));
    const tree = await look.processes;
    if (cgroup === undefined) return tree?.below(keeper) ?? [];
    return tree?.of(await cgroup.processes()) ?? [];
  }
}

function sharedMs({ spentMs }: Look): number {
  return Math.min(Math.max(SHARED_MS, SHARED_FACTOR * spentMs), LONGEST_SHARED_MS);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
