/**
 * A program begins as a copy of its keeper's shell, which then becomes it (execve(2)). A signal in
 * between reaches the shell, which traps it, and is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { argumentsOf, readProcesses } from '../processes/processes.ts';

/** Enough for a busy machine. After this, signals are sent in any case. */
const TIMEOUT_MS = 2_000;
const POLL_MS = 2;

/** Resolves once the keeper's child that is none of `helpers` is the program, or the program has ended. */
export async function programBegun(
  keeper: number,
  helpers: readonly number[],
  hasEnded: () => boolean,
): Promise<void> {
  const shell = argumentsOf(keeper);
  const hasBegun = (): boolean => {
    const children = readProcesses().filter(({ parent, pid }) => parent === keeper && !helpers.includes(pid));
    return children.length > 0 && children.every(({ pid }) => argumentsOf(pid) !== shell);
  };
  for (const deadline = performance.now() + TIMEOUT_MS; !hasEnded() && !hasBegun(); ) {
    if (performance.now() > deadline) return;
    await delay(POLL_MS);
  }
}
