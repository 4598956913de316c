/**
 * The process behind a socket, identified in /proc by pid and start time (proc_pid_stat(5),
 * proc_pid_status(5)), since a pid alone may be reused.
 */
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

export interface ListeningProcess {
  readonly pid: number;
  /** Start time, in clock ticks since boot. */
  readonly startTime: number;
}

/** Programs that listen on behalf of others: sshd for `ssh -R`, under the uid of the logged-in user. */
const FORWARDERS = /^sshd(-session|-auth)?$/;
const POLL_MS = 10;

/**
 * Returns the running process `pid`; undefined when it is gone, a zombie, of another uid, or the daemon
 * itself, which must not be killed.
 */
export async function processOf(pid: number, uid: number): Promise<ListeningProcess | undefined> {
  if (pid === process.pid) return undefined;
  const stat = await statOf(pid);
  const status = await readText(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined || !isAlive(stat)) return undefined;
  const realUid = /^Uid:\s*(\d+)/m.exec(status)?.[1];
  if (realUid !== String(uid)) return undefined;
  return { pid, startTime: stat.startTime };
}

/** Returns the public state of a process; undefined when there is none. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  return parseStat((await readText(`/proc/${pid}/stat`)) ?? '');
}

/** Returns true when `pid` is sshd, as far as /proc is readable. */
export async function isForwarder(pid: number): Promise<boolean> {
  const name = await readText(`/proc/${pid}/comm`);
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return [name?.trim() ?? '', basename(program.replace(/ \(deleted\)$/, ''))].some((it) =>
    FORWARDERS.test(it),
  );
}

/** Waits up to `deadlineMs` for `process` of `uid` to be gone; returns whether it is. */
export async function isGoneWithin(
  process: ListeningProcess,
  uid: number,
  deadlineMs: number,
): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const now = await processOf(process.pid, uid);
    if (now?.startTime !== process.startTime) return true;
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
}

/** Sends SIGKILL to exactly this process; returns false when the daemon may not. */
export async function killProcess(target: ListeningProcess, uid: number): Promise<boolean> {
  const now = await processOf(target.pid, uid);
  if (now?.startTime !== target.startTime) return true;
  try {
    process.kill(target.pid, 'SIGKILL');
    return true;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
