/** What the kernel counts of other processes. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of CPU that the threads of `pid` have had (proc(5), schedstat). */
export function cpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
  }
  return nanoseconds / 1e6;
}
