/** Returns unused memory to the kernel. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libc } from './libc.ts';

type Collect = (options: { flavor: 'last-resort'; type: 'major'; execution: 'sync' }) => void;

let collect: Collect | undefined;

/**
 * Collects garbage `rounds` times and trims the heap (malloc_trim(3)). V8 drops the compiled code of
 * functions that several collections in a row have found unused. Takes tens of milliseconds a round.
 */
export function releaseMemory(rounds = 1): void {
  collect ??= exposeGc();
  for (let round = 0; round < rounds; round += 1)
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  libc.malloc_trim(0n);
}

/** V8's gc(), which Node hides. */
function exposeGc(): Collect {
  if (globalThis.gc !== undefined) return globalThis.gc as Collect;
  setFlagsFromString('--expose-gc');
  const gc: Collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
