/**
 * The groups of accounts, remembered for five seconds as long as /etc/group is the same, so that many starts
 * need few queries. Changes in /etc/group thus count at once, those in a directory within five seconds.
 */
import { fileState } from '../system/file-state.ts';
import { supplementaryGids } from './user-database.ts';

const FILES = ['/etc/group', '/etc/nsswitch.conf'];
const REMEMBERED_MS = 5_000;

interface Remembered {
  readonly gids: readonly number[];
  /** Time of performance.now(). */
  readonly untilMs: number;
}

export class RecentGroups {
  readonly #files: readonly string[];
  readonly #ask: typeof supplementaryGids;
  /** The groups by name, oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  /** State of the files before the remembered queries. */
  #state = '';

  constructor(files = FILES, ask = supplementaryGids) {
    this.#files = files;
    this.#ask = ask;
  }

  /** Returns the ids of the groups that have these accounts as members, by name. Throws UNAVAILABLE. */
  async of(names: readonly string[]): Promise<Map<string, readonly number[]>> {
    this.#forget();
    const state = this.#state;
    const untilMs = performance.now() + REMEMBERED_MS;
    const known = names.map((name) => [name, this.#remembered.get(name)?.gids] as const);
    const unknown = known.flatMap(([name, gids]) => (gids === undefined ? [name] : []));
    const found = await this.#ask(unknown);
    if (state === this.#state)
      for (const [name, gids] of found) this.#remembered.set(name, { gids, untilMs });
    return new Map(known.map(([name, gids]) => [name, gids ?? found.get(name) ?? []]));
  }

  /** Forgets what is too old, and everything once a file has changed. */
  #forget(): void {
    const state = this.#files.map(fileState).join('\n');
    if (state !== this.#state) this.#remembered.clear();
    this.#state = state;
    const nowMs = performance.now();
    for (const [name, { untilMs }] of this.#remembered) {
      if (nowMs < untilMs) break;
      this.#remembered.delete(name);
    }
  }
}
