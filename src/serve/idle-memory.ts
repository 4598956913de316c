/**
 * Returns memory to the kernel after a burst of work. V8 collects garbage when it needs room, so that an idle
 * server would keep what thousands of calls have left.
 */
import { releaseMemory } from '../native/memory.ts';

const INTERVAL_MS = 5_000;
/**
 * Share of one core below which the server counts as idle: a collection delays calls by tens of
 * milliseconds.
 */
const IDLE_SHARE = 0.05;
/** Growth that is worth a collection, in bytes. */
const WORTHWHILE_BYTES = 32 * 2 ** 20;

export class IdleMemory implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #cpu = process.cpuUsage();
  #atMs = performance.now();
  #releasedBytes = residentBytes();

  constructor(intervalMs = INTERVAL_MS) {
    this.#timer = setInterval(() => this.#check(), intervalMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const share = this.#cpuShare();
    const bytes = residentBytes();
    if (share > IDLE_SHARE || bytes < this.#releasedBytes + WORTHWHILE_BYTES) return;
    releaseMemory();
    this.#releasedBytes = residentBytes();
    this.#cpuShare(); // the collection itself is no work
  }

  /** Returns the share of one core that was used since the last call. */
  #cpuShare(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = performance.now() - this.#atMs;
    this.#cpu = process.cpuUsage();
    this.#atMs = performance.now();
    return (user + system) / 1000 / elapsedMs;
  }
}

/** Returns the resident memory; 0 when it cannot be read, for example without descriptors. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}
