/**
 * Ended sessions are kept for a while, the newest of each user, and then forgotten: first what their link
 * keeps, then the record.
 */

import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import { endedBefore, endOfNewest } from '../store/tables/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import type { Records } from './records.ts';

const EVERY_MS = 3_600_000;
const AT_ONCE = 500;
/** How many ended sessions of one uid are kept; what makes a text found in a list costs by their number. */
const MOST_KEPT = 10_000;
/** How many starts of one uid are not looked at. */
const STARTS_BETWEEN = 255;

export interface RetentionOptions {
  readonly store: Store;
  readonly links: Pick<Links, 'forUid' | 'uids'>;
  readonly records: Records;
  readonly settings: () => { readonly retentionMs: number };
  /** 10,000. */
  readonly mostKept?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

export class Retention implements Disposable {
  readonly #options: RetentionOptions;
  readonly #timer: NodeJS.Timeout;
  /** Of each uid, until it is looked at again. */
  readonly #startsLeft = new Map<number, number>();

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#try(this.forget()), EVERY_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Forgets what is past its time, of users with a link; the others' waits for one. */
  async forget(): Promise<void> {
    for (const uid of this.#options.links.uids()) await this.forgetOf(uid);
  }

  /** Another session of a uid has begun. */
  started(uid: number): void {
    const left = this.#startsLeft.get(uid) ?? 0;
    this.#startsLeft.set(uid, left > 0 ? left - 1 : STARTS_BETWEEN);
    if (left === 0) void this.#try(this.forgetOf(uid));
  }

  /** The same for one uid; nothing when no link of it answers. */
  async forgetOf(uid: number): Promise<void> {
    const { store, links, records, now, settings, mostKept = MOST_KEPT } = this.#options;
    const link = links.forUid(uid);
    if (!link) return;
    const tooMany = await store.read((db) => endOfNewest(db, uid, mostKept));
    const beforeMs = Math.max(now() - settings().retentionMs, tooMany ?? 0);
    let old: SessionRow[];
    do {
      old = await store.read((db) => endedBefore(db, uid, beforeMs, AT_ONCE));
      if (old.length === 0) return;
      await link.forget(old.map(({ id }) => id));
      await records.remove(old);
    } while (old.length === AT_ONCE);
  }

  async #try(work: Promise<void>): Promise<void> {
    const { log } = this.#options;
    await work.catch((error: unknown) => log.warn({ err: error }, 'ended sessions were not forgotten'));
  }
}
