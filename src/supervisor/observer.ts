/** What others are told about links. */
import type { LinkConnection } from './connection/link-connection.ts';
import type { LinkInfo } from './link-info.ts';

/** Each is called as it happens, and may be left out. */
export interface LinkObserver {
  /** A link takes commands: a new one, or one that was lost. */
  ready?(link: LinkConnection): Promise<void>;
  /** A link is no more; what it looked after is without link. */
  gone?(link: LinkInfo): Promise<void>;
  /** A link says that a session it looked after is over. */
  exited?(link: LinkInfo, sessionId: string, status: number | undefined): Promise<void>;
  /** The token made for a link is to end: that link is over, or its account may have none any more (`revoked`). */
  tokenOver?(jti: string, why: 'link-ended' | 'revoked'): Promise<void>;
}

/** Tells all observers; one that fails is the log's business and nobody else's. */
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

  exited(link: LinkInfo, sessionId: string, status: number | undefined): void {
    for (const told of this.tell((observer) => observer.exited?.(link, sessionId, status))) {
      this.#exits.add(told);
      void told.finally(() => this.#exits.delete(told));
    }
  }

  /** Resolves when every end of a session told so far has been dealt with. */
  async settled(): Promise<void> {
    await Promise.all(this.#exits);
  }
}
