/**
 * A program begins as a copy of its keeper's shell, which then becomes it (execve(2)). A signal that comes in
 * between goes to the shell, which traps it, and is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { argumentsOf, readProcesses } from '../processes/processes.ts';

/** As long as a busy machine may need; who waits longer is signalled all the same. */
const PATIENCE_MS = 2_000;
const LOOK_AGAIN_MS = 2;

/** Resolves once what `keeper` has started is the program, or over. `holder` keeps its input open. */
export async function untilBegun(keeper: number, holder: number, isOver: () => boolean): Promise<void> {
  const shell = argumentsOf(keeper);
  const hasBegun = (): boolean => {
    const children = readProcesses().filter(({ parent, pid }) => parent === keeper && pid !== holder);
    return children.length > 0 && children.every(({ pid }) => argumentsOf(pid) !== shell);
  };
  for (const deadline = performance.now() + PATIENCE_MS; !isOver() && !hasBegun(); ) {
    if (performance.now() > deadline) return;
    await delay(LOOK_AGAIN_MS);
  }
}
