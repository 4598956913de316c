/**
 * Ending all processes of a session: SIGTERM, time to obey, SIGKILL, until none is found any more
 * (X3). Whatever could not be ended, because it runs under another uid, is named.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Survivor } from '../generated/latchkey/link/v1/link.ts';
import { findSession, type SessionProcesses } from './descendants.ts';
import { commandOf, isAlive, type ProcessEntry, readProcess, uidOf } from './processes.ts';

const LONGEST_GRACE_MS = 60_000;
/** How long SIGKILL is repeated against processes that keep coming. */
const KILLING_MS = 5000;
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [2, 50];

/** What was ended: how many processes, and those left. */
export interface EndedProcesses {
  readonly processes: number;
  readonly survivors: Survivor[];
}

/** Ends them; resolves when none is left, or after grace and 5 seconds. */
export async function endProcesses(session: SessionProcesses, graceMs: number): Promise<EndedProcesses> {
  const seen = new Set<string>();
  const refused = new Set<number>();
  const told = new Set<number>();
  const look = (): ProcessEntry[] => {
    const found = findSession(session);
    for (const { pid, startTime } of found) seen.add(`${pid} ${startTime}`);
    return found.filter(({ pid }) => !refused.has(pid));
  };
  const ask = (): boolean => {
    const found = look().filter(({ pid }) => !told.has(pid));
    for (const entry of found) {
      told.add(entry.pid);
      if (!send(entry, 'SIGTERM')) refused.add(entry.pid);
      send(entry, 'SIGCONT'); // a stopped process takes no SIGTERM
    }
    return look().length === 0;
  };
  const kill = (): boolean => {
    // Stopped first, so that nobody makes new ones while the others are being killed.
    for (const entry of look()) if (!send(entry, 'SIGSTOP')) refused.add(entry.pid);
    for (const entry of look()) if (!send(entry, 'SIGKILL')) refused.add(entry.pid);
    return look().length === 0;
  };
  if (!(await until(ask, Math.min(graceMs, LONGEST_GRACE_MS)))) await until(kill, KILLING_MS);
  const survivors = findSession(session).map(survivorOf);
  return { processes: seen.size - survivors.length, survivors };
}

/** Calls `done` at growing intervals until it says so or the time is over. */
async function until(done: () => boolean, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    if (done()) return true;
    const left = deadline - performance.now();
    if (left <= 0) return false;
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
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM');
  }
}

function survivorOf({ pid }: ProcessEntry): Survivor {
  return { pid, uid: uidOf(pid) ?? 0, command: commandOf(pid) };
}
