/** CPU time of other processes, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Returns the CPU time of the threads of `pid` in milliseconds (proc(5), schedstat). */
export function cpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
  }
  return nanoseconds / 1e6;
}
