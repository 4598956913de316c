/**
 * Reads this host's processes from /proc (proc(5)). A process that ends meanwhile is omitted, and so is one
 * that /proc hides from this user.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { codeOf } from '../../errno.ts';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

export interface ProcessEntry extends ProcessStat {
  readonly pid: number;
}

/**
 * Returns all processes that this user may see, zombies included. Throws when that cannot be told, for
 * example without descriptors: a process that cannot be read is not one that is gone.
 */
export function readProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = /^\d+$/.test(name) ? Number(name) : 0;
    const stat = pid === 0 ? undefined : parseStat(readVisible(`/proc/${pid}/stat`) ?? '');
    if (stat !== undefined) entries.push({ pid, ...stat });
  }
  return entries;
}

/** Returns false where /proc hides processes of other users from this one (hidepid). */
export function seesAllProcesses(): boolean {
  return readProcess(1) !== undefined;
}

/** Returns one process; undefined when there is none with this pid, or it cannot be read. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`) ?? '');
  return stat && { pid, ...stat };
}

/** Like `readProcess`, but throws when the process cannot be read although it may be there. */
export function findProcess(pid: number): ProcessEntry | undefined {
  const stat = parseStat(readVisible(`/proc/${pid}/stat`) ?? '');
  return stat && { pid, ...stat };
}

/**
 * Returns the session id in a process's environment; undefined when there is none, or this user may not read
 * it. Throws when it cannot be read for another reason.
 */
export function markOf(pid: number): string | undefined {
  const environment = readVisible(`/proc/${pid}/environ`);
  return environment === undefined
    ? undefined
    : /(?:^|\0)LATCHKEY_SESSION_ID=([^\0]*)/.exec(environment)?.[1];
}

/** Returns the real user id of a process. */
export function uidOf(pid: number): number | undefined {
  const [, uid] = /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '') ?? [];
  return uid === undefined ? undefined : Number(uid);
}

/** Returns a process's arguments, each followed by a NUL; '' when there is no such process or it has none. */
export function argumentsOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`) ?? '';
}

/** Returns a process's command line for display, at most 200 characters. */
export function commandOf(pid: number): string {
  return argumentsOf(pid).replaceAll('\0', ' ').trim().slice(0, 200);
}

/** Returns this process's children that have exited and wait to be reaped. */
export function zombieChildren(): number[] {
  const listed = read(`/proc/self/task/${process.pid}/children`); // proc(5): needs CONFIG_PROC_CHILDREN
  const children =
    listed === undefined
      ? readProcesses().filter(({ parent }) => parent === process.pid)
      : listed.split(' ').flatMap((pid) => (pid === '' ? [] : (readProcess(Number(pid)) ?? [])));
  return children.filter((child) => !isAlive(child)).map(({ pid }) => pid);
}

/** Errors of a process that is gone, or that this user may not look at. */
const NOT_VISIBLE: ReadonlySet<string> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

function readVisible(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (NOT_VISIBLE.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
