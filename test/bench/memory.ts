/** What a process takes up. */
import { readFileSync } from 'node:fs';

const KIBIBYTES = 1024;

/**
 * A count of smaps_rollup (proc(5)): `Pss` is its own memory and its share of what it has in common with
 * others, `Pss_Anon` of that what is no file's, which the kernel cannot take back.
 */
export function mebibytesOf(pid: number, count: 'Pss' | 'Pss_Anon' = 'Pss'): number {
  const counts = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').split('\n');
  const line = counts.find((text) => text.startsWith(`${count}:`)) ?? '';
  return Number(/\d+/.exec(line)?.[0]) / KIBIBYTES;
}
