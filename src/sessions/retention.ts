/** Ended sessions are kept for a while and then forgotten: first what their link keeps, then the record. */
import type { Links } from '../links/links.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import { endedBefore } from '../store/sessions.ts';
import type { Records } from './records.ts';

const EVERY_MS = 3_600_000;
const AT_ONCE = 500;

export interface RetentionOptions {
  readonly store: Store;
  readonly links: Pick<Links, 'forUid' | 'uids'>;
  readonly records: Records;
  readonly settings: () => { readonly retentionMs: number };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

export class Retention implements Disposable {
  readonly #options: RetentionOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#run(), EVERY_MS).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Forgets what is past its time, of users with a link; the others' waits for one. */
  async forget(): Promise<void> {
    for (const uid of this.#options.links.uids()) await this.forgetOf(uid);
  }

  /** The same for one uid; nothing when no link of it answers. */
  async forgetOf(uid: number): Promise<void> {
    const { store, links, records, now, settings } = this.#options;
    const link = links.forUid(uid);
    if (!link) return;
    const beforeMs = now() - settings().retentionMs;
    let old: SessionRow[];
    do {
      old = await store.read((db) => endedBefore(db, uid, beforeMs, AT_ONCE));
      if (old.length === 0) return;
      await link.forget(old.map(({ id }) => id));
      await records.remove(old);
    } while (old.length === AT_ONCE);
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    await this.forget().catch((error: unknown) =>
      log.warn({ err: error }, 'ended sessions were not forgotten'),
    );
  }
}
