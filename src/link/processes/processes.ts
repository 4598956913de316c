/** Reads this host's processes from /proc (proc(5)). A process that ends meanwhile is omitted. */
import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

export interface ProcessEntry extends ProcessStat {
  readonly pid: number;
}

/** Returns all processes, zombies included. */
export function readProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** Returns one process; undefined when there is none with this pid. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`) ?? '');
  return stat && { pid, ...stat };
}

/** Returns the session id in a process's environment; undefined when there is none or it cannot be read. */
export function markOf(pid: number): string | undefined {
  const environment = read(`/proc/${pid}/environ`);
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

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
