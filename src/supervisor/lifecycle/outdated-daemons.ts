/**
 * Replaces link daemons of another version than the server's, as after an upgrade, once they run no
 * session. The old one accepts starts until the new one is ready, and stays when none can be started.
 */
import { Poller } from '../../async/poller.ts';
import type { Log } from '../../log/log.ts';
import { VERSION } from '../../version.ts';
import type { Link } from '../link.ts';
import type { LinkRegistry } from '../registry.ts';
import type { DaemonStarts } from '../starters/daemon-starts.ts';

/** Interval between checks, in milliseconds. */
const POLL_MS = 1_000;
/**
 * Pause between two replacements for one user. A new link daemon only has the server's version if the
 * program on disk does, which is not the case while an upgrade is incomplete.
 */
const PAUSE_MS = 600_000;

export interface OutdatedDaemonsOptions {
  readonly registry: LinkRegistry;
  readonly daemonStarts: Pick<DaemonStarts, 'isPossible' | 'replace'>;
  readonly log: Log;
}

export class OutdatedDaemons implements Disposable {
  readonly #options: OutdatedDaemonsOptions;
  readonly #poller: Poller;
  /** Time of performance.now() before which a uid's link daemon is not replaced again. */
  readonly #next = new Map<number, number>();

  constructor(options: OutdatedDaemonsOptions) {
    this.#options = options;
    this.#poller = new Poller(() => this.#poll(), POLL_MS);
  }

  [Symbol.dispose](): void {
    this.#poller[Symbol.dispose]();
  }

  /** Replaces one at a time, since there may be as many as users. */
  async #poll(): Promise<void> {
    for (const link of [...this.#options.registry.all()])
      if (this.#isDue(link) && performance.now() >= (this.#next.get(link.uid) ?? 0))
        await this.#replace(link);
  }

  #isDue(link: Link): boolean {
    const { registry, daemonStarts } = this.#options;
    if (link.row.version === VERSION || registry.accepting(link.linuxUser) !== link) return false;
    return link.state === 'ready' && !link.isEnding && link.info.sessions === 0 && daemonStarts.isPossible;
  }

  async #replace(link: Link): Promise<void> {
    const { daemonStarts, log } = this.#options;
    const { socket, linuxUser: name, uid } = link;
    this.#next.set(uid, performance.now() + PAUSE_MS);
    try {
      await daemonStarts.replace({ name, uid }, () => this.#isDue(link));
    } catch (error) {
      log.warn({ err: error, socket, linuxUser: name }, 'cannot replace a link daemon of another version');
    }
  }
}
