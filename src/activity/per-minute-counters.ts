/** Counts events by minute for the last hour, with one addition for each event and constant memory. */

export interface Minute {
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly logins: number;
  readonly calls: number;
  readonly revocations: number;
  readonly refusals: number;
}

export type CountedEvent = Exclude<keyof Minute, 'startMs'>;

const MINUTE_MS = 60_000;
const MINUTES = 60;

type Slot = { -readonly [Name in keyof Minute]: Minute[Name] };

export class PerMinuteCounters {
  readonly #slots: Slot[] = Array.from({ length: MINUTES }, () => empty(Number.NaN));

  count(what: CountedEvent, nowMs: number): void {
    this.#slot(nowMs)[what] += 1;
  }

  /** Returns the last 60 minutes, oldest first; the last one contains `nowMs`. */
  all(nowMs: number): Minute[] {
    const lastMs = startOf(nowMs);
    return Array.from({ length: MINUTES }, (_, at) => {
      const startMs = lastMs - (MINUTES - 1 - at) * MINUTE_MS;
      const slot = this.#slots[indexOf(startMs)];
      return slot?.startMs === startMs ? { ...slot } : empty(startMs);
    });
  }

  #slot(nowMs: number): Slot {
    const startMs = startOf(nowMs);
    const index = indexOf(startMs);
    const slot = this.#slots[index];
    if (slot?.startMs === startMs) return slot;
    const fresh = empty(startMs);
    this.#slots[index] = fresh;
    return fresh;
  }
}

function startOf(nowMs: number): number {
  return nowMs - (nowMs % MINUTE_MS);
}

function indexOf(startMs: number): number {
  return (startMs / MINUTE_MS) % MINUTES;
}

function empty(startMs: number): Slot {
  return { startMs, logins: 0, calls: 0, revocations: 0, refusals: 0 };
}
