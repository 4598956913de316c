/**
 * The terminal of a running session. Its keeper and the helpers have it open; the link opens it only to set
 * its size.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { setTerminalSize } from '../../native/terminal.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import { send } from '../processes/end-processes.ts';
import { findProcess, markOf, type ProcessEntry } from '../processes/processes.ts';

const GONE_MS = 2000;
const POLL_MS = 5;

/**
 * Sets the size of the terminal of `keeper`; the programs in the foreground get SIGWINCH if it changes. The
 * keeper's descriptor leads to this terminal whatever has become of its name. Throws SESSION_ENDED when the
 * terminal is closed, as it is once the program has ended.
 */
export function resizeTerminal(keeper: ProcessEntry, size: TerminalSize): void {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${keeper.pid}/fd/0`, constants.O_RDWR | constants.O_NOCTTY);
    // Another process that has got the keeper's pid may have another terminal.
    if (findProcess(keeper.pid)?.startTime !== keeper.startTime) throw hasEnded();
    setTerminalSize(fd, size);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EIO', 'ENOTTY', 'ENXIO'].includes(codeOf(error) ?? '')) throw hasEnded();
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Sends a signal to the process group in the foreground of the terminal. Returns false when that is the
 * keeper's own group, or there is none any more.
 */
export function signalForeground(keeper: ProcessEntry, number: number): boolean {
  const { foreground = -1 } = findProcess(keeper.pid) ?? {};
  if (foreground <= 1 || foreground === keeper.pid) return false;
  try {
    process.kill(-foreground, number);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    const message = 'the program in the foreground runs as another user';
    throw new AppError('PERMISSION_DENIED', message, { cause: error });
  }
}

/** Kills a keeper's helpers, which have been found alive under this session's id. */
export function endHelpers(helpers: readonly number[], sessionId: string): void {
  for (const pid of helpers) {
    const helper = markOf(pid) === sessionId ? findProcess(pid) : undefined;
    if (helper !== undefined) send(helper, 'SIGKILL');
  }
}

/**
 * Resolves when a keeper's helpers are gone, as they are soon after the program, or 2 seconds later: until
 * then they could be taken for processes of the program.
 */
export async function helpersGone(helpers: readonly number[], sessionId: string): Promise<void> {
  const isThere = (pid: number): boolean => markOf(pid) === sessionId;
  for (const deadline = performance.now() + GONE_MS; performance.now() < deadline; await sleep(POLL_MS))
    if (!helpers.some(isThere)) return;
}

function hasEnded(): AppError {
  return new AppError('SESSION_ENDED', 'the session has ended');
}
