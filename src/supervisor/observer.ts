/** Notifies other rooms of events of links. */
import type { Idle } from '../generated/latchkey/link/v1/link.ts';
import type { LinkConnection } from './connection/link-connection.ts';
import type { LinkInfo } from './link-info.ts';

/** Callbacks for events; each is optional. */
export interface LinkObserver {
  /** A link accepts commands: a new one, or one whose connection was restored. */
  ready?(link: LinkConnection): Promise<void>;
  /** A link is gone; its sessions are without a link. */
  gone?(link: LinkInfo): Promise<void>;
  /** A link reports that one of its sessions has ended. */
  exited?(link: LinkInfo, sessionId: string, status: number | undefined): Promise<void>;
  /** A link reports that one of its sessions is idle, or busy again. */
  idle?(link: LinkInfo, idle: Idle): Promise<void>;
  /**
   * The token of a link must be revoked: the link has ended, or its account may no longer have one
   * (`revoked`).
   */
  tokenObsolete?(jti: string, why: 'link-ended' | 'revoked'): Promise<void>;
}

/** Calls all observers. An error of one is logged, and does not affect the others. */
export class Observers {
  readonly #observers: LinkObserver[] = [];
  readonly #exits = new Set<Promise<void>>();
  readonly #failed: (error: unknown) => void;

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(observer: LinkObserver): void {
    this.#observers.push(observer);
  }

  tell(what: (observer: LinkObserver) => Promise<void> | undefined): Promise<void>[] {
    return this.#observers.map((observer) => this.tellOne(observer, what));
  }

  async tellOne(
    observer: LinkObserver,
    what: (observer: LinkObserver) => Promise<void> | undefined,
  ): Promise<void> {
    await what(observer)?.catch(this.#failed);
  }

  /** Tells of the end of a session, unless its keeper contradicts the link: `isConfirmed` is then false. */
  exited(link: LinkInfo, sessionId: string, status: number | undefined, isConfirmed: Promise<boolean>): void {
    const told = this.tell(async (observer) => {
      if (await isConfirmed) await observer.exited?.(link, sessionId, status);
    });
    for (const done of told) {
      this.#exits.add(done);
      void done.finally(() => this.#exits.delete(done));
    }
  }

  /** Resolves when all ends of sessions reported so far have been processed. */
  async settled(): Promise<void> {
    await Promise.all(this.#exits);
  }
}
