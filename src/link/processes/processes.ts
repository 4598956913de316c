/** The processes of this host as /proc shows them (proc(5)); gone ones are simply not there. */
import { readdirSync, readFileSync } from 'node:fs';
import { isAlive, type ProcessStat, parseStat } from '../../system/proc-stat.ts';

/** One process. */
export interface ProcessEntry extends ProcessStat {
  readonly pid: number;
}

/** All processes, zombies included. */
export function readProcesses(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** One process; undefined when there is none with this pid. */
export function readProcess(pid: number): ProcessEntry | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`) ?? '');
  return stat && { pid, ...stat };
}

/** The session that a process was started in, as its environment says; undefined when it cannot be read. */
export function markOf(pid: number): string | undefined {
  const environment = read(`/proc/${pid}/environ`);
  return environment === undefined
    ? undefined
    : /(?:^|\0)LATCHKEY_SESSION_ID=([^\0]*)/.exec(environment)?.[1];
}

/** Its real user id. */
export function uidOf(pid: number): number | undefined {
  const [, uid] = /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '') ?? [];
  return uid === undefined ? undefined : Number(uid);
}

/** Its arguments, each with a NUL behind it; '' when it is gone or has none. */
export function argumentsOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`) ?? '';
}

/** Its command line for people, at most 200 characters. */
export function commandOf(pid: number): string {
  return argumentsOf(pid).replaceAll('\0', ' ').trim().slice(0, 200);
}

/** This process's children that have ended and wait to be reaped. */
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
