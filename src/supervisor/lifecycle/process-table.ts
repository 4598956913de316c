/**
 * The server's own look at the host's processes, in /proc (proc(5)). Says whether it saw all of them: some
 * may be hidden from the server (hidepid), and without descriptors it sees nothing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { codeOf } from '../../errno.ts';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

export type ProcessEntry = ProcessStat & { readonly pid: number };

/** Processes read at once: each holds a descriptor meanwhile. */
const AT_ONCE = 64;

export class ProcessTable {
  #current: Promise<readonly ProcessEntry[] | undefined> | undefined;
  #next: Promise<readonly ProcessEntry[] | undefined> | undefined;

  /**
   * Returns the living processes, as they were after this call; calls that wait for the same reading share
   * it. Undefined when the server cannot see all of them.
   */
  read(): Promise<readonly ProcessEntry[] | undefined> {
    this.#next ??= (async () => {
      await this.#current;
      this.#current = this.#next;
      this.#next = undefined;
      return readAll().catch(() => undefined);
    })();
    return this.#next;
  }
}

/**
 * Returns the processes of the process sessions (setsid(2)) `leaders`, and all their descendants, without the
 * leaders themselves: the keepers of sessions are such. Visits each process once, however many leaders there
 * are.
 */
export function processesOf(leaders: Iterable<number>, table: readonly ProcessEntry[]): number[] {
  const left = new Set(leaders);
  const children = Map.groupBy(table, ({ parent }) => parent);
  const found = new Set(table.filter(({ pid, session }) => left.has(session) && !left.has(pid)).map(pidOf));
  // A set yields what is added while it is iterated.
  for (const leader of left)
    for (const child of children.get(leader) ?? []) if (!left.has(child.pid)) found.add(child.pid);
  for (const pid of found)
    for (const child of children.get(pid) ?? []) if (!left.has(child.pid)) found.add(child.pid);
  return [...found];
}

/** The processes of one look, for many questions about them. */
export class ProcessTree {
  readonly #byPid: ReadonlyMap<number, ProcessEntry>;
  readonly #children: ReadonlyMap<number, readonly ProcessEntry[]>;
  readonly #sessions: ReadonlyMap<number, readonly ProcessEntry[]>;

  constructor(table: readonly ProcessEntry[]) {
    this.#byPid = new Map(table.map((entry) => [entry.pid, entry]));
    this.#children = Map.groupBy(table, ({ parent }) => parent);
    this.#sessions = Map.groupBy(table, ({ session }) => session);
  }

  /** Returns those of the processes that were there. */
  of(pids: readonly number[]): ProcessEntry[] {
    return pids.map((pid) => this.#byPid.get(pid)).filter((entry) => entry !== undefined);
  }

  /** Returns what `processesOf` finds for this leader alone. */
  below(leader: number): ProcessEntry[] {
    const found = new Set([...(this.#sessions.get(leader) ?? []), ...(this.#children.get(leader) ?? [])]);
    // A set yields what is added while it is iterated.
    for (const { pid } of found)
      if (pid !== leader) for (const child of this.#children.get(pid) ?? []) found.add(child);
    return [...found].filter(({ pid }) => pid !== leader);
  }
}

function pidOf({ pid }: ProcessEntry): number {
  return pid;
}

async function readAll(): Promise<readonly ProcessEntry[] | undefined> {
  if ((await entryOf(1)) === undefined) return undefined; // hidden, as all processes of others are
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: (ProcessEntry | undefined)[] = [];
  for (let at = 0; at < pids.length; at += AT_ONCE)
    found.push(...(await Promise.all(pids.slice(at, at + AT_ONCE).map(entryOf))));
  return found.filter((entry) => entry !== undefined).filter(isAlive);
}

/** Returns undefined for a process that is gone. Throws when it cannot be read. */
async function entryOf(pid: number): Promise<ProcessEntry | undefined> {
  try {
    const stat = parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
    return stat && { pid, ...stat };
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
