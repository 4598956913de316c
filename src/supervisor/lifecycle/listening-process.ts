/**
 * The process behind a socket, as /proc tells it (proc_pid_stat(5), proc_pid_status(5)). A process
 * id alone may by now be another process's; with its start time it cannot be.
 */
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

export interface ListeningProcess {
  readonly pid: number;
  /** Clock ticks from boot to its start. */
  readonly startTime: number;
}

/** Programs that listen for somebody else: sshd does for `ssh -R`, under the uid of whoever logged in. */
const FORWARDERS = /^sshd(-session|-auth)?$/;
const LOOK_AGAIN_MS = 10;

/** The running process `pid`; undefined when it is gone, a zombie, another uid's, or the daemon itself, which ends no process of its own. */
export async function processOf(pid: number, uid: number): Promise<ListeningProcess | undefined> {
  if (pid === process.pid) return undefined;
  const stat = await statOf(pid);
  const status = await readText(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined || !isAlive(stat)) return undefined;
  const realUid = /^Uid:\s*(\d+)/m.exec(status)?.[1];
  if (realUid !== String(uid)) return undefined;
  return { pid, startTime: stat.startTime };
}

/** What the kernel tells everybody of a process; undefined when there is none. */
export async function statOf(pid: number): Promise<ProcessStat | undefined> {
  return parseStat((await readText(`/proc/${pid}/stat`)) ?? '');
}

/** Whether `pid` is sshd, as far as /proc can be read. */
export async function isForwarder(pid: number): Promise<boolean> {
  const name = await readText(`/proc/${pid}/comm`);
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return [name?.trim() ?? '', basename(program.replace(/ \(deleted\)$/, ''))].some((it) =>
    FORWARDERS.test(it),
  );
}

/** Whether `process` (of `uid`) is gone within `deadlineMs`. */
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
    await delay(LOOK_AGAIN_MS);
  }
}

/** Sends SIGKILL to `target` if it still is that process; false when the daemon may not. */
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
