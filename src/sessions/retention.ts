/**
 * Forgets ended sessions after their retention time, and the oldest of a uid when it has too many: first what
 * their link keeps, then the record.
 */
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import { endedBefore, endOfNewest } from '../store/tables/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import type { Records } from './records.ts';

const INTERVAL_MS = 3_600_000;
const BATCH_SIZE = 500;
/** Maximum number of ended sessions kept for one uid. The cost of a text search grows with it. */
const MAX_KEPT = 10_000;
/** Number of starts of one uid between two checks of its ended sessions. */
const STARTS_BETWEEN = 255;

export interface RetentionOptions {
  readonly store: Store;
  readonly links: Pick<Links, 'forUid' | 'uids'>;
  readonly records: Records;
  readonly settings: () => { readonly retentionMs: number };
  /** Maximum number of ended sessions kept for one uid; 10,000 by default. */
  readonly maxKept?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

export class Retention implements Disposable {
  readonly #options: RetentionOptions;
  readonly #timer: NodeJS.Timeout;
  /** Number of starts until a uid's ended sessions are checked again, by uid. */
  readonly #startsLeft = new Map<number, number>();

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#logFailure(this.forget()), INTERVAL_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Forgets the expired sessions of all users with a link; those of others wait until they have one. */
  async forget(): Promise<void> {
    for (const uid of this.#options.links.uids()) await this.forgetOf(uid);
  }

  /** Counts a start; the first and every 256th one check the ended sessions of its uid. */
  started(uid: number): void {
    const left = this.#startsLeft.get(uid) ?? 0;
    this.#startsLeft.set(uid, left > 0 ? left - 1 : STARTS_BETWEEN);
    if (left === 0) void this.#logFailure(this.forgetOf(uid));
  }

  /** Forgets the expired sessions of one uid; does nothing when none of its links answers. */
  async forgetOf(uid: number): Promise<void> {
    const { store, links, records, now, settings, maxKept = MAX_KEPT } = this.#options;
    const link = links.forUid(uid);
    if (!link) return;
    const tooMany = await store.read((db) => endOfNewest(db, uid, maxKept));
    const beforeMs = Math.max(now() - settings().retentionMs, tooMany ?? 0);
    let old: SessionRow[];
    do {
      old = await store.read((db) => endedBefore(db, uid, beforeMs, BATCH_SIZE));
      if (old.length === 0) return;
      await link.forget(old.map(({ id }) => id));
      await records.remove(old);
    } while (old.length === BATCH_SIZE);
  }

  async #logFailure(work: Promise<void>): Promise<void> {
    const { log } = this.#options;
    await work.catch((error: unknown) => log.warn({ err: error }, 'cannot remove ended sessions'));
  }
}
