/** Takes over a session whose link has exited. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import type { SessionState } from '../../generated/latchkey/link/v1/link.ts';
import { reopenKeeper } from '../keeper/keeper.ts';
import { OutputLog } from '../output/output-log.ts';
import { endProcesses } from '../processes/end-processes.ts';
import { markOf } from '../processes/processes.ts';
import { Session, type SessionEvents } from './session.ts';
import { bootId, type KeeperPids, type SessionFolder } from './session-folder.ts';
import type { SessionsDir } from './sessions-dir.ts';

const TRIES = 40;
const RETRY_DELAY_MS = 50;
const NEVER_RAN: KeeperPids = { keeper: 0, helpers: [] };

/**
 * Returns the session, or its last known state when it has ended, or another link still moves its output.
 * Returns undefined when its folder is not here.
 */
export async function adoptSession(
  id: string,
  sessionsDir: SessionsDir,
  events: SessionEvents,
): Promise<Session | SessionState | undefined> {
  const folder = sessionsDir.open(id);
  if (folder === undefined) return undefined;
  const log = await attempt(() => OutputLog.take(folder));
  if (log === undefined) return { sessionId: id, pid: 0, exited: undefined, elsewhere: true };
  const pids = (await attempt(() => settledPids(folder))) ?? NEVER_RAN;
  const session = takeOver(folder, log, pids, sessionsDir, events);
  if (session instanceof Session) return session;
  log[Symbol.dispose]();
  if (session === 'unknown') return { sessionId: id, pid: pids.keeper, exited: undefined, elsewhere: true };
  const status = folder.status();
  const open = (other: string): SessionFolder | undefined => sessionsDir.open(other);
  // A program that still runs without its keeper is ended.
  if (status === undefined)
    endProcesses({ id, keeper: undefined, helpers: [], hasProgramEnded: () => true, open }, 0).catch(
      () => {},
    );
  return { sessionId: id, pid: pids.keeper, exited: { sessionId: id, status }, elsewhere: false };
}

/**
 * Returns 'gone' when the keeper has exited, and 'unknown' when it cannot be told, for example without
 * descriptors.
 */
function takeOver(
  folder: SessionFolder,
  log: OutputLog,
  pids: KeeperPids,
  sessionsDir: SessionsDir,
  events: SessionEvents,
): Session | 'gone' | 'unknown' {
  if (folder.record.bootId !== bootId()) return 'gone';
  try {
    if (markOf(pids.keeper) !== folder.record.id) return 'gone';
    const pipes = reopenKeeper(pids, folder.record.terminal);
    return new Session({ folder, log, pipes, pids, events, open: (id) => sessionsDir.open(id) });
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(codeOf(error) ?? '') ? 'gone' : 'unknown';
  }
}

/**
 * Returns undefined while the keeper is writing its pids. A keeper that has not begun to write them is kept
 * from starting the program.
 */
function settledPids(folder: SessionFolder): KeeperPids | undefined {
  const pids = folder.pids();
  if (pids === undefined) return folder.preventStart() ? NEVER_RAN : undefined;
  return pids === 'unfinished' ? undefined : pids;
}

async function attempt<Value>(work: () => Value | undefined): Promise<Value | undefined> {
  for (let left = TRIES; left > 0; left -= 1) {
    const value = work();
    if (value !== undefined) return value;
    await sleep(RETRY_DELAY_MS);
  }
  return undefined;
}
