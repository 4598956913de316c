/** Ends a session whose output another link moves, or whose link is gone, by what its folder says. */
import type { Ended } from '../../generated/latchkey/link/v1/link.ts';
import { endProcesses, send } from '../processes/end-processes.ts';
import { findProcess, markOf, type ProcessEntry } from '../processes/processes.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import type { SessionsDir } from '../session/sessions-dir.ts';

/** Ends all processes, and then the keeper. Throws when it cannot look at the processes. */
export async function endUnadopted(
  folder: SessionFolder,
  sessionsDir: SessionsDir,
  graceMs: number,
): Promise<Ended> {
  const { id } = folder.record;
  const pids = folder.pids();
  const helpers = typeof pids === 'object' ? pids.helpers : [];
  const keeper = typeof pids === 'object' ? ownKeeper(pids.keeper, id) : undefined;
  const hasProgramEnded = (): boolean => folder.status() !== undefined || !isThere(keeper);
  const open = (other: string): SessionFolder | undefined => sessionsDir.open(other);
  const ended = await endProcesses({ id, keeper, helpers, hasProgramEnded, open }, graceMs);
  if (keeper !== undefined && ended.survivors.length === 0) send(keeper, 'SIGKILL');
  return { sessionId: id, ...ended };
}

/** Returns the keeper, unless its pid is another process's by now. */
function ownKeeper(pid: number, sessionId: string): ProcessEntry | undefined {
  return pid > 0 && markOf(pid) === sessionId ? findProcess(pid) : undefined;
}

function isThere(keeper: ProcessEntry | undefined): boolean {
  return keeper !== undefined && findProcess(keeper.pid)?.startTime === keeper.startTime;
}
