/**
 * Which processes belong to a session: those of its process session, those that carry its mark in
 * their environment, and the children of all these, wherever they have been re-parented to. Not
 * the keeper and the holder of its input, and not other sessions that were started from within.
 */

import { isAlive } from '../../system/proc-stat.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { markOf, type ProcessEntry, readProcess, readProcesses } from './processes.ts';

/** A session to look for. */
export interface SessionProcesses {
  readonly id: string;
  /** The keeper as it was when it was seen alive: its pid is the process session's id. */
  readonly keeper: ProcessEntry | undefined;
  readonly holder: number;
  /** Whether the keeper has said that the program is over. */
  readonly isOver: () => boolean;
  /** Opens another session's folder. */
  readonly open: (id: string) => SessionFolder | undefined;
}

/** The living processes of a session. */
export function findSession(session: SessionProcesses): ProcessEntry[] {
  const alive = readProcesses().filter(isAlive);
  const marks = new Map(alive.map(({ pid }) => [pid, markOf(pid)]));
  const spared = new Set([process.pid, session.holder, ...others(alive, marks, session)]);
  const keeper = processSession(session);
  if (keeper !== undefined) spared.add(keeper);
  const found = new Map<number, ProcessEntry>();
  const isMember = ({ pid, parent, session: id }: ProcessEntry): boolean =>
    id === keeper || parent === keeper || found.has(parent) || marks.get(pid) === session.id;
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const entry of alive)
      if (!found.has(entry.pid) && !spared.has(entry.pid) && isMember(entry)) found.set(entry.pid, entry);
  }
  return [...found.values()];
}

/** The keeper's pid, unless another process has it by now. */
function processSession({ keeper }: SessionProcesses): number | undefined {
  if (keeper === undefined) return undefined;
  const now = readProcess(keeper.pid);
  return now === undefined || now.startTime === keeper.startTime ? keeper.pid : undefined;
}

/**
 * Processes of other sessions: whoever carries another mark and lives in the process session of
 * the keeper that this mark's folder names. A mark alone, which anybody can put on, spares nobody.
 */
function others(
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
