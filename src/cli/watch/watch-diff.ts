/**
 * Remembers what a watch has reported, so that after an outage only differences are reported.
 */

import type { Change, PrintedNoun } from '../../nouns/noun.ts';
import { asJson } from '../../terminal/json.ts';

export class WatchDiff<Item> {
  readonly #noun: Pick<PrintedNoun<Item>, 'id' | 'members'>;
  /** Reported items as JSON, by id. */
  readonly #reported = new Map<string, string>();
  /** Ids received since the watch began, until its snapshot is complete; undefined afterwards. */
  #received: Set<string> | undefined;

  constructor(noun: Pick<PrintedNoun<Item>, 'id' | 'members'>) {
    this.#noun = noun;
  }

  /** Begins a snapshot, after an outage too. */
  begin(): void {
    this.#received = new Set();
  }

  /** Returns the part of `change` that has not been reported. */
  take(change: Change<Item>): readonly Change<Item>[] {
    if (change.kind === 'complete') return [...this.#missed(), change];
    if (change.kind === 'gone') return this.#reported.delete(change.id) ? [change] : [];
    const id = this.#noun.id(change.item);
    const json = JSON.stringify(asJson(this.#noun.members, change.item));
    this.#received?.add(id);
    if (this.#reported.get(id) === json) return [];
    this.#reported.set(id, json);
    return [change];
  }

  /** Returns the items that disappeared during an outage. */
  #missed(): Change<Item>[] {
    const received = this.#received;
    this.#received = undefined;
    if (received === undefined) return [];
    const gone = [...this.#reported.keys()].filter((id) => !received.has(id));
    for (const id of gone) this.#reported.delete(id);
    return gone.map((id) => ({ kind: 'gone', id }));
  }
}
