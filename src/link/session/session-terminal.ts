/**
 * The terminal of a running session. Its keeper and the helpers have it open; the link opens it only to set
 * its size, or to show a line on it.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { inert } from '../../inert.ts';
import { setTerminalSize } from '../../native/terminal.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import { send } from '../processes/end-processes.ts';
import { findProcess, markOf, type ProcessEntry } from '../processes/processes.ts';
import type { KeeperPids } from './session-folder.ts';

const GONE_MS = 2000;
const POLL_MS = 5;
/** Bytes that a terminal adds to two line feeds (ONLCR of termios(3)). */
const ADDED_RETURNS = 2;

/**
 * Sets the size of the terminal of `keeper`; the programs in the foreground get SIGWINCH if it changes. The
 * keeper's descriptor leads to this terminal whatever has become of its name. Throws SESSION_ENDED when the
 * terminal is closed, as it is once the program has ended.
 */
export function resizeTerminal(keeper: ProcessEntry, size: TerminalSize): void {
  withTerminal(keeper, 0, (fd) => setTerminalSize(fd, size));
}

/**
 * Shows a line on the terminal of `keeper`, in a line of its own and with a bell. Returns the most bytes that
 * the terminal prints of it: 0 when it cannot be shown, for example after ^S, or when a program has made the
 * terminal its own (TIOCEXCL).
 */
export function showOnTerminal(keeper: ProcessEntry, line: string): number {
  const bytes = Buffer.from(`\r\n\x07${inert(line)}\r\n`);
  try {
    withTerminal(keeper, constants.O_NONBLOCK, (fd) => writeSync(fd, bytes));
    return bytes.length + ADDED_RETURNS;
  } catch {
    return 0; // lists and the log have the warning
  }
}

/** Calls `use` with the terminal of `keeper`. Throws SESSION_ENDED when it is closed. */
function withTerminal(keeper: ProcessEntry, flags: number, use: (fd: number) => void): void {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${keeper.pid}/fd/0`, constants.O_RDWR | constants.O_NOCTTY | flags);
    // Another process that has got the keeper's pid may have another terminal.
    if (findProcess(keeper.pid)?.startTime !== keeper.startTime) throw hasEnded();
    use(fd);
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
 * Resolves when a keeper and its helpers are gone, as they are soon after the program, or 2 seconds later:
 * until then they could be taken for processes of the program.
 */
export async function keeperGone({ keeper, helpers }: KeeperPids, sessionId: string): Promise<void> {
  const isThere = (pid: number): boolean => markOf(pid) === sessionId;
  for (const deadline = performance.now() + GONE_MS; performance.now() < deadline; await sleep(POLL_MS))
    if (![keeper, ...helpers].some(isThere)) return;
}

function hasEnded(): AppError {
  return new AppError('SESSION_ENDED', 'the session has ended');
}
