/** Memory of a process. */
import { readFileSync } from 'node:fs';

const KIBIBYTES = 1024;

/**
 * Returns a counter of smaps_rollup (proc(5)) in MiB. `Pss` is the process's own memory plus its share of
 * what it has in common with others; `Pss_Anon` is the part of it that belongs to no file and cannot be
 * reclaimed.
 */
export function mebibytesOf(pid: number, count: 'Pss' | 'Pss_Anon' = 'Pss'): number {
  const counts = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').split('\n');
  const line = counts.find((text) => text.startsWith(`${count}:`)) ?? '';
  return Number(/\d+/.exec(line)?.[0]) / KIBIBYTES;
}
