/**
 * Ends all processes of a session: SIGTERM, a grace period, then SIGKILL, until none is left
 * (X3). Processes that cannot be signalled, because they run under another uid, are reported as
 * survivors.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import type { Survivor } from '../../generated/latchkey/link/v1/link.ts';
import { LONGEST_GRACE_MS } from '../../grace-period.ts';
import { MAX_SURVIVORS } from '../../link-protocol/protocol.ts';
import { isAlive } from '../../system/proc-stat.ts';
import { findSession, type SessionProcesses } from './descendants.ts';
import { commandOf, type ProcessEntry, readProcess, seesAllProcesses, uidOf } from './processes.ts';

/** SIGKILL is repeated for at most this long against processes that keep forking. */
const KILLING_MS = 10_000;
/** Above this many processes there is no grace period: a fork bomb would only grow. */
const MAX_ASKED = 1000;
const FIRST_WAIT_MS = 2;
const LONGEST_WAIT_MS = 50;

/** The number of processes ended, and those that survived; at most 100 are named. */
export interface EndedProcesses {
  readonly processes: number;
  readonly survivors: Survivor[];
  /** True when some processes may have been hidden: then nobody knows whether others survived. */
  readonly incomplete: boolean;
}

/**
 * Ends the processes; resolves when none is left, or after the grace period plus 10 seconds. Throws when it
 * cannot look at the processes.
 */
export async function endProcesses(session: SessionProcesses, graceMs: number): Promise<EndedProcesses> {
  const ending = new TreeEnding(session);
  const isGone = await repeat(() => ending.ask(), Math.min(graceMs, LONGEST_GRACE_MS));
  if (isGone !== 'done') await repeat(() => ending.kill(), KILLING_MS);
  return ending.result();
}

class TreeEnding {
  readonly #session: SessionProcesses;
  readonly #seen = new Set<string>();
  readonly #asked = new Set<number>();
  /** Processes that this uid may not signal. */
  readonly #refused = new Set<number>();

  constructor(session: SessionProcesses) {
    this.#session = session;
  }

  /** Sends SIGTERM to each process once. Returns 'hopeless' when there are too many to wait for. */
  ask(): Progress {
    const found = this.#find();
    if (found.length > MAX_ASKED) return 'hopeless';
    for (const entry of found.filter(({ pid }) => !this.#asked.has(pid))) {
      this.#asked.add(entry.pid);
      this.#send(entry, 'SIGTERM');
      this.#send(entry, 'SIGCONT'); // a stopped process takes no SIGTERM
    }
    return this.#progress(found.length);
  }

  /**
   * Stops whole process groups first, so that no fork escapes, then kills what it finds. The keeper,
   * stopped with its group, is continued so that it can record its program's status.
   */
  kill(): Progress {
    for (const group of new Set(this.#find().map((entry) => entry.group))) this.#stop(group);
    for (const entry of this.#find()) this.#send(entry, 'SIGKILL');
    const { keeper } = this.#session;
    if (keeper !== undefined) send(keeper, 'SIGCONT');
    return this.#progress(this.#find().length);
  }

  result(): EndedProcesses {
    const left = findSession(this.#session);
    const survivors = left.slice(0, MAX_SURVIVORS).map(survivorOf);
    const processes = Math.max(0, this.#seen.size - left.length);
    return { processes, survivors, incomplete: !seesAllProcesses() };
  }

  #find(): ProcessEntry[] {
    const found = findSession(this.#session);
    for (const { pid, startTime } of found) this.#seen.add(`${pid} ${startTime}`);
    return found.filter(({ pid }) => !this.#refused.has(pid));
  }

  /** With no process left, a keeper may still be about to start its program or to report its end. */
  #progress(left: number): Progress {
    if (left > 0) return 'more';
    return this.#refused.size > 0 || this.#session.hasProgramEnded() ? 'done' : 'more';
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

/** Calls `step` at growing intervals until it is done or the time is up. */
async function repeat(step: () => Progress, milliseconds: number): Promise<Progress> {
  const deadline = performance.now() + milliseconds;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const progress = step();
    const left = deadline - performance.now();
    if (progress !== 'more' || left <= 0) return progress;
    await sleep(Math.min(wait, left));
  }
}

/** Sends a signal to exactly this process. Returns false when this uid may not signal it. */
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
