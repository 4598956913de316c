/**
 * What a watch has told so far, so that what comes again after a time without the server is told only
 * where it differs.
 */

import type { Change, PrintedNoun } from '../../nouns/noun.ts';
import { asJson } from '../../terminal/json.ts';

export class WatchDiff<Item> {
  readonly #noun: Pick<PrintedNoun<Item>, 'id' | 'members'>;
  /** By id, what each thing looked like. */
  readonly #told = new Map<string, string>();
  /** What has come since the watch began (again), until that is complete. */
  #come: Set<string> | undefined;

  constructor(noun: Pick<PrintedNoun<Item>, 'id' | 'members'>) {
    this.#noun = noun;
  }

  /** The watch begins, or begins again: everything that there is will come. */
  begin(): void {
    this.#come = new Set();
  }

  /** What `change` says that had not been told. */
  take(change: Change<Item>): readonly Change<Item>[] {
    if (change.kind === 'complete') return [...this.#missed(), change];
    if (change.kind === 'gone') return this.#told.delete(change.id) ? [change] : [];
    const id = this.#noun.id(change.item);
    const looks = JSON.stringify(asJson(this.#noun.members, change.item));
    this.#come?.add(id);
    if (this.#told.get(id) === looks) return [];
    this.#told.set(id, looks);
    return [change];
  }

  /** What went while nobody told. */
  #missed(): Change<Item>[] {
    const come = this.#come;
    this.#come = undefined;
    if (come === undefined) return [];
    const gone = [...this.#told.keys()].filter((id) => !come.has(id));
    for (const id of gone) this.#told.delete(id);
    return gone.map((id) => ({ kind: 'gone', id }));
  }
}
