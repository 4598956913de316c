import { send } from './end-processes.ts';
import { readProcesses } from './processes.ts';

/** A program that forks without end cannot keep the link busy. */
const MAX_ROUNDS = 20;

/**
 * Signals the processes of a keeper's group except itself and its helpers, and then those that were forked
 * meanwhile.
 */
export function signalEach(keeper: number, number: number, helpers: readonly number[]): void {
  const spared = new Set([keeper, ...helpers]);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = readProcesses().filter(({ group, pid }) => group === keeper && !spared.has(pid));
    if (found.length === 0) return;
    for (const entry of found) {
      spared.add(entry.pid);
      send(entry, number);
    }
  }
}
