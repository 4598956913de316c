/**
 * Hands the terminal to another command of this program, or to the shell. Meanwhile the dashboard has left
 * the alternate screen and reads no input.
 *
 * The command is a process of its own, with the same server and the same token, so that only the command line
 * writes a program's raw output to a terminal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isSea } from 'node:sea';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { inert } from '../../src/inert.ts';
import type { ForegroundCommand } from '../state/state.ts';

export interface TerminalHandover {
  /** Options that connect to the same server with the same token. */
  readonly connecting: readonly string[];
  /** Aborted when the dashboard is to end. */
  readonly leaving: AbortSignal;
  /** True while another command has the terminal: signals from keys are meant for it. */
  isHandedOver: boolean;
}

/** Runs the command; resolves when the user returns to the dashboard. */
export async function runInTerminal(
  { action, target }: ForegroundCommand,
  handover: TerminalHandover,
): Promise<void> {
  const { stdin, stdout } = process;
  const { connecting, leaving } = handover;
  await pauseInput();
  const heading = action.heading === undefined ? '' : `${action.heading}\n\n`;
  stdout.write(`${inert(target.title)}\n${heading}`);
  const [file = '', ...words] = [...selfCommand(), ...action.words(target.id), ...connecting];
  const child = spawn(file, words, { stdio: 'inherit' });
  const end = (): void => void child.kill();
  leaving.addEventListener('abort', end, { once: true });
  await once(child, 'exit').catch((error: unknown) => stdout.write(`latchkey: ${String(error)}\n`));
  leaving.removeEventListener('abort', end);
  if (leaving.aborted) return;
  stdout.write('\nPress Enter to return to the dashboard. ');
  stdin.resume();
  await once(stdin, 'data', { signal: leaving }).catch(() => {});
  await pauseInput();
  stdout.write('\r');
}

/** Time for a signal to take effect, in milliseconds. */
const STOP_MS = 200;

/**
 * Stops this process group, as the terminal does for ^Z; resolves when it is continued. The kernel does not
 * stop a group that no shell could continue (an orphaned process group, setpgid(2)).
 */
export async function stopUntilContinued(onStop: () => void): Promise<void> {
  await pauseInput();
  process.off('SIGTSTP', onStop);
  const left = new AbortController();
  const continued = once(process, 'SIGCONT', { signal: left.signal }).catch(() => {});
  process.kill(0, 'SIGTSTP');
  await Promise.race([continued, delay(STOP_MS)]);
  left.abort();
  process.on('SIGTSTP', onStop);
  process.stdout.write('\r');
}

/**
 * Stops reading the terminal until there is another listener. Ink releases its input, and a pause takes
 * effect, only after this turn of the event loop: an earlier listener would wait for ever.
 */
async function pauseInput(): Promise<void> {
  await setImmediate();
  process.stdin.pause();
  await setImmediate();
}

/** Returns the command of this program: one file when packaged, Node.js with a script otherwise. */
function selfCommand(): string[] {
  if (isSea()) return [process.execPath];
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}
