/** One line of /proc/<pid>/stat (proc_pid_stat(5)). */

export interface ProcessStat {
  /** One letter: R, S, D, T, Z, ... */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** Id of the process session (setsid(2)). */
  readonly session: number;
  /** Process group in the foreground of its controlling terminal; -1 when it has none. */
  readonly foreground: number;
  /** Clock ticks since boot. Together with the pid it identifies a process. */
  readonly startTime: number;
  /** Clock ticks of CPU used, without those of its children. */
  readonly cpuTicks: number;
  /** Clock ticks of CPU used by those of its children that have ended and been waited for. */
  readonly childTicks: number;
  /** Resident memory, in pages. */
  readonly residentPages: number;
}

/** Returns undefined for a malformed line. */
export function parseStat(line: string): ProcessStat | undefined {
  // The second field is the program's name in parentheses, which may contain anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 22) return undefined;
  const [state = '', parent, group, session] = fields;
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    foreground: Number(fields[5]),
    startTime: Number(fields[19]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    childTicks: Number(fields[13]) + Number(fields[14]),
    residentPages: Number(fields[21]),
  };
}

/** Returns false for a zombie or a dead process. */
export function isAlive({ state }: Pick<ProcessStat, 'state'>): boolean {
  return state !== 'Z' && state !== 'X';
}
