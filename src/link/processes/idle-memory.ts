/**
 * Returns memory to the kernel one second after the last activity: an idle link is one of many, and no
 * longer needs what a burst of output needed (DESIGN 7.11).
 */
import { releaseMemory } from '../../native/memory.ts';

const QUIET_MS = 1000;
/** Garbage collections until V8 drops the code that only the start-up has used. */
const ROUNDS = 3;

export class IdleMemory {
  readonly #release: () => void;
  #lastActive = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `release` drops the caller's caches. */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** Records activity. Cheap enough to be called for every frame. */
  active(): void {
    this.#lastActive = performance.now();
    this.#timer ??= this.#later(QUIET_MS);
  }

  #later(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      const quiet = performance.now() - this.#lastActive;
      this.#timer = quiet < QUIET_MS ? this.#later(QUIET_MS - quiet + 1) : undefined;
      if (this.#timer === undefined) this.#tidy();
    }, milliseconds).unref();
  }

  #tidy(): void {
    this.#release();
    releaseMemory(ROUNDS);
  }
}
