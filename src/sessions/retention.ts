/** Ended sessions are kept for a while and then forgotten: first what their link keeps, then the record. */
import type { Links } from '../links/links.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import { endedBefore } from '../store/sessions.ts';
import type { Records } from './records.ts';

const EVERY_MS = 3_600_000;
const AT_ONCE = 500;

export interface RetentionOptions {
  readonly store: Store;
  readonly links: Pick<Links, 'forUid'>;
  readonly records: Records;
  readonly retentionMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: { warn(details: object, message: string): void };
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

  /** Forgets what is past its time, of users with a link that answers; the others' waits for one. */
  async forget(): Promise<void> {
    const { store, now, retentionMs } = this.#options;
    const passedOver = new Set<number>();
    let limit = AT_ONCE;
    for (;;) {
      const rows = await store.read((db) => endedBefore(db, now() - retentionMs, limit));
      const byUid = Map.groupBy(rows, ({ uid }) => uid);
      let forgotten = 0;
      for (const [uid, sessions] of byUid) {
        if (!passedOver.has(uid) && (await this.#forgetOf(uid, sessions))) forgotten += sessions.length;
        else passedOver.add(uid);
      }
      if (rows.length < limit) return;
      if (forgotten === 0) limit += AT_ONCE;
    }
  }

  /** False when no link of `uid` could be told. */
  async #forgetOf(uid: number, sessions: readonly SessionRow[]): Promise<boolean> {
    const { links, records, log } = this.#options;
    const link = links.forUid(uid);
    if (!link) return false;
    try {
      await link.forget(sessions.map(({ id }) => id));
    } catch (error) {
      log.warn({ err: error, uid }, 'a link did not forget ended sessions');
      return false;
    }
    await records.remove(sessions);
    return true;
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    await this.forget().catch((error: unknown) =>
      log.warn({ err: error }, 'ended sessions were not forgotten'),
    );
  }
}
