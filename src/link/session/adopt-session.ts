/** Taking over a session whose link is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionState } from '../../generated/latchkey/link/v1/link.ts';
import { OutputLog } from '../output/output-log.ts';
import { endProcesses } from '../processes/end-processes.ts';
import { markOf } from '../processes/processes.ts';
import { reopenKeeper } from './keeper.ts';
import { watchKeeper } from './keeper-watch.ts';
import { Session, type SessionEvents } from './session.ts';
import { bootId, type KeeperPids, type SessionFolder } from './session-folder.ts';
import type { SessionsDir } from './sessions-dir.ts';

const [TRIES, BETWEEN_MS] = [40, 50];
const NEVER_RAN: KeeperPids = { keeper: 0, holder: 0 };

/**
 * The session, or the last that is known of it when it is over. Undefined when its folder is not
 * here, or another link goes on moving its output.
 */
export async function adoptSession(
  id: string,
  place: SessionsDir,
  events: SessionEvents,
): Promise<Session | SessionState | undefined> {
  const folder = place.open(id);
  if (folder === undefined) return undefined;
  const log = await attempt(() => OutputLog.take(folder));
  if (log === undefined) return undefined;
  const pids = (await attempt(() => settledPids(folder))) ?? NEVER_RAN;
  const session = takeOver(folder, log, pids, place, events);
  if (session !== undefined) return session;
  log[Symbol.dispose]();
  const status = folder.status();
  const open = (other: string): SessionFolder | undefined => place.open(other);
  // A keeper killed leaves a program that nobody would look after any more.
  if (status === undefined)
    void endProcesses({ id, keeper: undefined, holder: 0, isOver: () => true, open }, 0);
  return { sessionId: id, pid: pids.keeper, exited: { sessionId: id, status } };
}

/** Undefined when its keeper is gone. */
function takeOver(
  folder: SessionFolder,
  log: OutputLog,
  pids: KeeperPids,
  place: SessionsDir,
  events: SessionEvents,
): Session | undefined {
  if (folder.record.bootId !== bootId() || markOf(pids.keeper) !== folder.record.id) return undefined;
  try {
    const pipes = reopenKeeper(pids);
    const session = new Session({ folder, log, pipes, pids, events, open: (id) => place.open(id) });
    if (pipes.life === undefined) session.programOver();
    else watchKeeper(pipes.life, () => session.programOver());
    return session;
  } catch {
    return undefined;
  }
}

/** Undefined while the keeper is about to write them. Where it never will, it is kept from starting. */
function settledPids(folder: SessionFolder): KeeperPids | undefined {
  const pids = folder.pids();
  if (pids === undefined) return folder.forestall() ? NEVER_RAN : undefined;
  return pids === 'unfinished' ? undefined : pids;
}

async function attempt<Value>(work: () => Value | undefined): Promise<Value | undefined> {
  for (let left = TRIES; left > 0; left -= 1) {
    const value = work();
    if (value !== undefined) return value;
    await sleep(BETWEEN_MS);
  }
  return undefined;
}
