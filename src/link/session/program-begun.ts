/**
 * A program begins as a copy of its keeper's shell, which then becomes it (execve(2)). A signal in
 * between reaches the shell, which traps it, and is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { argumentsOf, readProcesses } from '../processes/processes.ts';

/** Enough for a busy machine. After this, signals are sent in any case. */
const TIMEOUT_MS = 2_000;
const POLL_MS = 2;

/** Resolves once the keeper's child is the program, or the program has ended. `holder` is not the program. */
export async function programBegun(keeper: number, holder: number, hasEnded: () => boolean): Promise<void> {
  const shell = argumentsOf(keeper);
  const hasBegun = (): boolean => {
    const children = readProcesses().filter(({ parent, pid }) => parent === keeper && pid !== holder);
    return children.length > 0 && children.every(({ pid }) => argumentsOf(pid) !== shell);
  };
  for (const deadline = performance.now() + TIMEOUT_MS; !hasEnded() && !hasBegun(); ) {
    if (performance.now() > deadline) return;
    await delay(POLL_MS);
  }
}
