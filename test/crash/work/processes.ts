/** Processes and their owners as the kernel reports them, without zombies. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Marked {
  readonly pid: number;
  readonly sessionId: string;
  readonly command: string;
}

/** Returns the processes of sessions, found by the mark in their environment. */
export function markedProcesses(): Marked[] {
  return pids().flatMap((pid) => {
    const environment = read(pid, 'environ').split('\0');
    const mark = environment.find((entry) => entry.startsWith('LATCHKEY_SESSION_ID='));
    if (mark === undefined) return [];
    const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
    return [{ pid, sessionId: mark.slice(mark.indexOf('=') + 1), command }];
  });
}

/** Returns all descendants of `ancestor`. */
export function descendantsOf(ancestor: number): number[] {
  const parents = new Map(pids().map((pid) => [pid, parentOf(pid)]));
  const found = new Set([ancestor]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid);
  }
  found.delete(ancestor);
  return [...found];
}

export function isRunning(pid: number): boolean {
  return parentOf(pid) !== undefined;
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number | undefined {
  const [, state = 'Z', parent] = /\) (\S) (\d+) /.exec(read(pid, 'stat')) ?? [];
  return 'ZX'.includes(state) ? undefined : Number(parent);
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return ''; // it has just ended
  }
}
