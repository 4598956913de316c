/**
 * Links that are removed although their processes are not known to be gone: stopped by a signal, hidden, or
 * not to be killed by the server. Their rows and sockets stay until the kernel says that they are gone, so
 * that receipts name them, also after a restart; until then they count as links of their uid.
 */
import { Poller } from '../../async/poller.ts';
import type { Link } from '../link.ts';
import type { Life } from './listening-process.ts';

/** Interval between checks, in milliseconds. */
const POLL_MS = 2_000;

export interface LeftoversOptions {
  readonly lifeOf: (link: Link) => Promise<Life>;
  /** Forgets a link whose process is gone. Called again when it throws. */
  readonly forget: (link: Link) => Promise<void>;
  /** Called when a link cannot be forgotten for now. */
  readonly failed: (link: Link, error: unknown) => void;
}

export class Leftovers implements Disposable {
  readonly #options: LeftoversOptions;
  readonly #links = new Set<Link>();
  /** Links whose processes are gone, but which could not be forgotten yet. */
  readonly #unforgotten = new Set<Link>();
  readonly #poller: Poller;

  constructor(options: LeftoversOptions) {
    this.#options = options;
    this.#poller = new Poller(() => this.#poll(), POLL_MS);
  }

  add(link: Link): void {
    this.#links.add(link);
  }

  /** Returns how many there are of a uid. */
  countOf(uid: number): number {
    return [...this.#links].filter((link) => link.uid === uid).length;
  }

  /** Forgets a link if its process is gone. Returns true when it is, even if its row is not deleted yet. */
  async settle(link: Link): Promise<boolean> {
    const { lifeOf, failed } = this.#options;
    if ((await lifeOf(link)) !== 'gone') return false;
    if (this.#links.delete(link)) await this.#forget(link, (error) => failed(link, error));
    return true;
  }

  /** Returns the links whose processes are not known to be gone now. */
  async present(): Promise<Link[]> {
    await this.#poll();
    return [...this.#links];
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
    for (const { process } of this.#links) process?.[Symbol.dispose]();
  }

  async #poll(): Promise<void> {
    for (const link of [...this.#links]) await this.settle(link);
    for (const link of [...this.#unforgotten])
      if (this.#unforgotten.delete(link)) await this.#forget(link, () => {}); // reported the first time
  }

  async #forget(link: Link, failed: (error: unknown) => void): Promise<void> {
    try {
      await this.#options.forget(link);
    } catch (error) {
      this.#unforgotten.add(link);
      failed(error);
    }
  }
}
