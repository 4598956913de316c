/**
 * Gives memory back a moment after the last activity: an idle link is one of many, and what a
 * burst of output needed it does not need now (DESIGN 7.11).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mallocTrim } from '../native/process.ts';

const QUIET_MS = 1000;
/** V8 gives up the code of functions that some collections in a row have found unused. */
const ROUNDS = 3;

type Collect = (options?: { flavor?: 'last-resort' | 'regular'; type?: 'major'; execution?: 'sync' }) => void;

export class Frugal {
  readonly #release: () => void;
  #collect: Collect | undefined;
  #lastActive = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `release` drops whatever caches there are. */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** Something happened. Cheap: it may be called for every frame. */
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
    this.#collect ??= (globalThis.gc as Collect | undefined) ?? exposeGc();
    for (let round = 0; round < ROUNDS; round += 1)
      this.#collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    mallocTrim();
  }
}

/** V8's own gc(), which Node hides. */
function exposeGc(): Collect {
  setFlagsFromString('--expose-gc');
  const collect: Collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return collect;
}
