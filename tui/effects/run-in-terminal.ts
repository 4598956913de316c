/**
 * The terminal in other hands for a while: those of another command of this program, or of the shell. The
 * dashboard has left its other screen meanwhile and reads nothing.
 *
 * The command is a process of its own, with the same server and the same token: what is shown to people
 * raw is shown by one piece of code alone.
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
  /** True while signals from keys are meant for the other command. */
  isHandedOver: boolean;
}

/** Runs the command; resolves when the person wants to return. */
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
  stdout.write('\nEnter comes back to the dashboard. ');
  stdin.resume();
  await once(stdin, 'data', { signal: leaving }).catch(() => {});
  await pauseInput();
  stdout.write('\r');
}

/** Time for a signal to arrive, in milliseconds. */
const STOP_MS = 200;

/**
 * Stops all of this command line, as ^z does to programs that leave it to the terminal; resolves when it
 * goes on. Where no shell would ever let it go on (setpgid(2), orphaned process groups) the kernel does
 * not stop it.
 */
export async function stopUntilContinued(onStop: () => void): Promise<void> {
  await pauseInput();
  process.off('SIGTSTP', onStop);
  const left = new AbortController();
  const back = once(process, 'SIGCONT', { signal: left.signal }).catch(() => {});
  process.kill(0, 'SIGTSTP');
  await Promise.race([back, delay(STOP_MS)]);
  left.abort();
  process.on('SIGTSTP', onStop);
  process.stdout.write('\r');
}

/**
 * Stops reading the terminal until somebody listens again. Ink hands input over, and a pause takes effect,
 * only after this turn of the event loop: whoever listens earlier would wait for ever.
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
