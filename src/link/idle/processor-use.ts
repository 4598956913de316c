/** Tells whether the processes of a session use the processor, by what they have used at two times. */
import { kernelUnits } from '../../system/kernel-units.ts';
import type { ProcessEntry } from '../processes/processes.ts';

/** Less than this share of one processor is idle: a program that only waits wakes up at times. */
const IDLE_SHARE = 0.01;

export class ProcessorUse {
  /** Ticks used by each process and its ended children, by pid and start time. */
  #before: ReadonlyMap<string, number> | undefined;

  /** Takes the processes of the session now; returns whether they were busy in the `elapsedMs` before. */
  isBusy(processes: readonly ProcessEntry[], elapsedMs: number): boolean {
    const before = this.#before;
    this.#before = new Map(processes.map((entry) => [keyOf(entry), ticksOf(entry)]));
    if (before === undefined) return false;
    let ticks = 0;
    for (const [key, used] of this.#before) ticks += used - (before.get(key) ?? 0);
    return ticks > IDLE_SHARE * kernelUnits().ticksPerSecond * (elapsedMs / 1000);
  }
}

/** Counts a child again when it has ended: to be busy a moment longer is harmless. */
function ticksOf({ cpuTicks, childTicks }: ProcessEntry): number {
  return cpuTicks + childTicks;
}

function keyOf({ pid, startTime }: ProcessEntry): string {
  return `${pid} ${startTime}`;
}
