/** Sends a signal to a program without a terminal. */
import { constants } from 'node:os';
import { TRAPPED_SIGNALS } from '../keeper/keeper.ts';
import { send } from './end-processes.ts';
import { readProcesses } from './processes.ts';

/** Signals that the whole group gets at once: the keeper traps them, and only SIGTERM means more to it. */
const GROUP_SIGNALS = TRAPPED_SIGNALS.filter((number) => number !== constants.signals.SIGTERM);
/** A program that forks without end cannot keep the link busy. */
const MAX_ROUNDS = 20;

/**
 * Signals the processes of a keeper's group except itself and its helpers, and then those that were forked
 * meanwhile.
 */
export function signalGroup(keeper: number, number: number, helpers: readonly number[]): void {
  if (GROUP_SIGNALS.includes(number)) process.kill(-keeper, number);
  else signalEach(keeper, number, helpers);
}

function signalEach(keeper: number, number: number, helpers: readonly number[]): void {
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
