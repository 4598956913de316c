/**
 * Ending all processes of a session: SIGTERM, time to obey, SIGKILL, until none is found any more
 * (X3). Whatever could not be ended, because it runs under another uid, is named.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import type { Survivor } from '../../generated/latchkey/link/v1/link.ts';
import { isAlive } from '../../system/proc-stat.ts';
import { findSession, type SessionProcesses } from './descendants.ts';
import { commandOf, type ProcessEntry, readProcess, uidOf } from './processes.ts';

const LONGEST_GRACE_MS = 60_000;
/** How long SIGKILL is repeated against processes that keep coming. */
const KILLING_MS = 10_000;
/** More processes than these are not asked but killed: a fork bomb only grows while one waits. */
const CROWD = 1000;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [2, 50];

/** What was ended: how many processes, and those left. */
export interface EndedProcesses {
  readonly processes: number;
  readonly survivors: Survivor[];
}

/** Ends them; resolves when none is left, or after grace and 10 seconds. */
export async function endProcesses(session: SessionProcesses, graceMs: number): Promise<EndedProcesses> {
  const ending = new TreeEnding(session);
  const isGone = await until(() => ending.ask(), Math.min(graceMs, LONGEST_GRACE_MS));
  if (isGone !== 'done') await until(() => ending.kill(), KILLING_MS);
  return ending.result();
}

class TreeEnding {
  readonly #session: SessionProcesses;
  readonly #seen = new Set<string>();
  readonly #told = new Set<number>();
  /** Not ours to signal. */
  readonly #refused = new Set<number>();

  constructor(session: SessionProcesses) {
    this.#session = session;
  }

  /** Sends SIGTERM to those that have not had it. 'hopeless' when there are more than could be waited for. */
  ask(): Progress {
    const found = this.#look();
    if (found.length > CROWD) return 'hopeless';
    for (const entry of found.filter(({ pid }) => !this.#told.has(pid))) {
      this.#told.add(entry.pid);
      this.#send(entry, 'SIGTERM');
      this.#send(entry, 'SIGCONT'); // a stopped process takes no SIGTERM
    }
    return this.#progress(found.length);
  }

  /**
   * Stops whole process groups first, which no fork escapes, and then kills what it finds. The
   * keeper, stopped with its group, goes on to note what became of its program.
   */
  kill(): Progress {
    for (const group of new Set(this.#look().map((entry) => entry.group))) this.#stop(group);
    for (const entry of this.#look()) this.#send(entry, 'SIGKILL');
    const { keeper } = this.#session;
    if (keeper !== undefined) send(keeper, 'SIGCONT');
    return this.#progress(this.#look().length);
  }

  result(): EndedProcesses {
    const survivors = findSession(this.#session).map(survivorOf);
    return { processes: Math.max(0, this.#seen.size - survivors.length), survivors };
  }

  #look(): ProcessEntry[] {
    const found = findSession(this.#session);
    for (const { pid, startTime } of found) this.#seen.add(`${pid} ${startTime}`);
    return found.filter(({ pid }) => !this.#refused.has(pid));
  }

  /** A keeper that has nobody now may be about to start its program, or to say that it is over. */
  #progress(left: number): Progress {
    if (left > 0) return 'more';
    return this.#refused.size > 0 || this.#session.isOver() ? 'done' : 'more';
  }

  #send(entry: ProcessEntry, signal: NodeJS.Signals): void {
    if (!send(entry, signal)) this.#refused.add(entry.pid);
  }

  #stop(group: number): void {
    if (group <= 1 || group === readProcess(process.pid)?.group) return;
    try {
      process.kill(-group, 'SIGSTOP');
    } catch {
      // gone, or not ours
    }
  }
}

type Progress = 'done' | 'more' | 'hopeless';

/** Calls `step` at growing intervals until there is no more to do or the time is over. */
async function until(step: () => Progress, milliseconds: number): Promise<Progress> {
  const deadline = performance.now() + milliseconds;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const progress = step();
    const left = deadline - performance.now();
    if (progress !== 'more' || left <= 0) return progress;
    await sleep(Math.min(wait, left));
  }
}

/** Sends a signal to that very process. False when it is not ours to signal. */
export function send({ pid, startTime }: ProcessEntry, signal: NodeJS.Signals | number): boolean {
  const now = readProcess(pid);
  if (now === undefined || now.startTime !== startTime || !isAlive(now)) return true;
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return codeOf(error) !== 'EPERM';
  }
}

function survivorOf({ pid }: ProcessEntry): Survivor {
  return { pid, uid: uidOf(pid) ?? 0, command: commandOf(pid) };
}
