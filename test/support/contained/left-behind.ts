/**
 * Finds what tests have left outside the home and temporary folders of their run (contained.ts): sessions,
 * tokens and temporary files of the program, in the places of the person who runs them.
 */
import { globSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

const uid = process.getuid?.();

const IN_HOME = ['.local/state/latchkey/*', '.config/latchkey/**'];
const ELSEWHERE = ['/tmp/latchkey-*', `/var/tmp/latchkey-${uid}*/*`];

export class LeftBehind {
  readonly #patterns: readonly string[];
  readonly #before: ReadonlySet<string>;

  /** Notes what is there now. `home` is the person's home folder; `elsewhere` are patterns of paths. */
  constructor(home: string, elsewhere = ELSEWHERE) {
    this.#patterns = [...IN_HOME.map((pattern) => join(home, pattern)), ...elsewhere];
    this.#before = new Set(this.#list());
  }

  /** Returns the paths that were not there before. */
  get paths(): string[] {
    return this.#list().filter((path) => !this.#before.has(path));
  }

  #list(): string[] {
    return globSync(this.#patterns).filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid === uid);
  }
}
