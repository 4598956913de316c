/**
 * Finds the processes of a session: those in its process session (setsid(2)), those that carry its id in
 * their environment, and the children of all these, even when re-parented. The keeper, its helpers,
 * and sessions started from within this one are excluded.
 */

import { isAlive } from '../../system/proc-stat.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { markOf, type ProcessEntry, readProcess, readProcesses } from './processes.ts';

/** The session whose processes are searched. */
export interface SessionProcesses {
  readonly id: string;
  /** The keeper, as seen while it was alive; its pid is also the id of the process session. */
  readonly keeper: ProcessEntry | undefined;
  readonly helpers: readonly number[];
  /** Returns true once the keeper has reported the end of the program. */
  readonly hasProgramEnded: () => boolean;
  /** Opens the folder of another session. */
  readonly open: (id: string) => SessionFolder | undefined;
}

/** The living processes of this host, and the session ids in their environments. */
export interface LivingProcesses {
  readonly alive: readonly ProcessEntry[];
  readonly marks: ReadonlyMap<number, string | undefined>;
}

/** Reads them once, for the search of several sessions. */
export function livingProcesses(): LivingProcesses {
  const alive = readProcesses().filter(isAlive);
  return { alive, marks: new Map(alive.map(({ pid }) => [pid, markOf(pid)])) };
}

/** Returns the living processes of a session, zombies excluded. */
export function findSession(
  session: SessionProcesses,
  { alive, marks }: LivingProcesses = livingProcesses(),
): ProcessEntry[] {
  const excluded = new Set([process.pid, ...session.helpers, ...otherSessions(alive, marks, session)]);
  const keeper = processSession(session);
  if (keeper !== undefined) excluded.add(keeper);
  const found = new Map<number, ProcessEntry>();
  const isMember = ({ pid, parent, session: id }: ProcessEntry): boolean =>
    id === keeper || parent === keeper || found.has(parent) || marks.get(pid) === session.id;
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const entry of alive)
      if (!found.has(entry.pid) && !excluded.has(entry.pid) && isMember(entry)) found.set(entry.pid, entry);
  }
  return [...found.values()];
}

/** Returns the keeper's pid, unless another process has been given it. */
function processSession({ keeper }: SessionProcesses): number | undefined {
  if (keeper === undefined) return undefined;
  const now = readProcess(keeper.pid);
  return now === undefined || now.startTime === keeper.startTime ? keeper.pid : undefined;
}

/**
 * Returns the processes of other sessions: those that carry another session's id and live in the process
 * session of that session's keeper. The id alone does not count, since any process can set it.
 */
function otherSessions(
  alive: readonly ProcessEntry[],
  marks: ReadonlyMap<number, string | undefined>,
  session: SessionProcesses,
): number[] {
  const keepers = new Map<string, number | undefined>();
  const keeperOf = (mark: string): number | undefined => {
    if (!keepers.has(mark)) {
      const pids = session.open(mark)?.pids();
      keepers.set(mark, typeof pids === 'object' ? pids.keeper : undefined);
    }
    return keepers.get(mark);
  };
  return alive
    .filter((entry) => {
      const mark = marks.get(entry.pid);
      return mark !== undefined && mark !== session.id && keeperOf(mark) === entry.session;
    })
    .map(({ pid }) => pid);
}
