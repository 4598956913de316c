/** The links in memory and in the store, and which link daemon of each user accepts new starts (F9). */
import { Feed } from '../feed.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import { deleteLink, upsertLink } from '../store/tables/links.ts';
import type { Link } from './link.ts';
import type { LinkChange } from './link-info.ts';

export class LinkRegistry {
  readonly changes = new Feed<LinkChange>();
  readonly #links = new Map<string, Link>();
  /** The link daemon of each Linux user that accepts new starts. */
  readonly #accepting = new Map<string, Link>();
  readonly #store: Store;
  readonly #log: Log;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  get(socket: string): Link | undefined {
    return this.#links.get(socket);
  }

  all(): Iterable<Link> {
    return this.#links.values();
  }

  ofUid(uid: number): Link[] {
    return [...this.#links.values()].filter((link) => link.uid === uid);
  }

  /** Returns the link daemon of `linuxUser` that accepts new starts, connected or not. */
  accepting(linuxUser: string): Link | undefined {
    const link = this.#accepting.get(linuxUser);
    return link?.isEnding ? undefined : link;
  }

  /** Stores a new link. Throws STORE_UNAVAILABLE. */
  async keep(link: Link): Promise<void> {
    await this.#store.commit((tx) => upsertLink(tx, link.row));
  }

  add(link: Link): void {
    this.#links.set(link.socket, link);
  }

  /** Makes `link` accept its user's new starts; the user's other link daemons retire. */
  accept(link: Link): void {
    this.#accepting.set(link.linuxUser, link);
    for (const other of this.#links.values()) {
      const rival = other.daemon && other.linuxUser === link.linuxUser && other !== link;
      if (rival && !other.isRetiring) this.retire(other);
    }
  }

  /** Makes a reconnected link accept new starts, unless a newer link daemon does. */
  acceptAgain(link: Link): void {
    const rival = this.#accepting.get(link.linuxUser);
    if (rival && rival !== link && rival.row.created_at >= link.row.created_at) this.retire(link);
    else this.accept(link);
  }

  retire(link: Link): void {
    link.isRetiring = true;
    link.connection?.retire();
    this.changed(link);
  }

  /**
   * Stores and announces the state of `link`. A failure to store it is logged; a restart determines the
   * state again.
   */
  changed(link: Link): void {
    if (link.isRemoved) return;
    this.changes.emit({ kind: 'changed', link: link.info });
    const kept = this.#store.commit(async (tx) => {
      if (!link.isRemoved) await upsertLink(tx, link.row);
    });
    kept.catch((error: unknown) =>
      this.#log.error({ err: error, socket: link.socket }, 'cannot store a link'),
    );
  }

  /** Removes a link from memory; `forget` deletes its row. */
  remove(link: Link): void {
    const { info } = link;
    link.isRemoved = true;
    this.#links.delete(link.socket);
    if (this.#accepting.get(link.linuxUser) === link) this.#accepting.delete(link.linuxUser);
    this.changes.emit({ kind: 'removed', link: info });
  }

  async forget(socket: string): Promise<void> {
    const gone = this.#store.commit((tx) => deleteLink(tx, socket), { isUrgent: true });
    await gone.catch((error: unknown) =>
      this.#log.error({ err: error, socket }, 'cannot delete a link that is gone'),
    );
  }
}
