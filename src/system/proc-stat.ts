/** One line of /proc/<pid>/stat (proc_pid_stat(5)). */

export interface ProcessStat {
  /** R, S, D, T, Z, ... */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Its process session: setsid(2). */
  readonly session: number;
  /** Clock ticks since boot; with the pid it names a process for good. */
  readonly startTime: number;
  /** Clock ticks of CPU that it has used, with those of its children that it has waited for left out. */
  readonly cpuTicks: number;
  /** Of its memory, what is in RAM: pages. */
  readonly residentPages: number;
}

/** Undefined for what is no such line. */
export function parseStat(line: string): ProcessStat | undefined {
  // The second field is the program's name in brackets, in which anything may stand.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 22) return undefined;
  const [state = '', parent, group, session] = fields;
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: Number(fields[19]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    residentPages: Number(fields[21]),
  };
}

/** Whether it still runs; a zombie does not. */
export function isAlive({ state }: Pick<ProcessStat, 'state'>): boolean {
  return state !== 'Z' && state !== 'X';
}
