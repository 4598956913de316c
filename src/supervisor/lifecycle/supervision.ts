/**
 * Keeps the connections to ready links, and restores a broken one as long as somebody listens on the link's
 * socket. A link that is gone loses its token, and its sessions wait for the next link of its user.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority } from '../../authority/authority.ts';
import { isAppError } from '../../errors.ts';
import { DEFAULT_GRACE_MS } from '../../grace-period.ts';
import { FixedWindow } from '../../limits/fixed-window.ts';
import type { Log } from '../../log/log.ts';
import type { Store } from '../../store/open.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import { dial, Unreachable } from '../connection/dial.ts';
import { greet, resume } from '../connection/handshake.ts';
import { LinkRefusal } from '../connection/link-error.ts';
import type { LinkEvents } from '../connection/link-events.ts';
import { WarningLimit } from '../connection/warning-limit.ts';
import type { Link } from '../link.ts';
import type { Observers } from '../observer.ts';
import type { LinksFolder } from '../registration/links-folder.ts';
import type { LinkRegistry } from '../registry.ts';
import { endProcess } from './end-process.ts';
import type { Keepers } from './keepers.ts';
import { Leftovers } from './leftovers.ts';
import type { Life, ListeningProcess } from './listening-process.ts';
import { runningOfUid } from './running-sessions.ts';

const DIAL_MS = 2_000;
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 5_000;
/** A connection that ends sooner than this delays the next one. */
const STEADY_MS = 10_000;
/** Time for a process to exit when it has been told to, or cannot be told. */
const EXIT_MS = 2_000;
/** Reports of idle sessions, at most, that one link can have read and logged in a minute. */
const MAX_IDLES = 1_000;
const IDLES_MS = 60_000;

export interface SupervisionOptions {
  readonly store: Store;
  readonly registry: LinkRegistry;
  readonly folder: LinksFolder;
  readonly observers: Observers;
  readonly keepers: Keepers;
  readonly cgroups: CgroupTree | undefined;
  readonly authority: Pick<Authority, 'initKey' | 'isActive'>;
  readonly log: Log;
  /** Aborts when the daemon stops; links keep running without it. */
  readonly stopping: AbortSignal;
}

export class Supervision implements Disposable {
  readonly #options: SupervisionOptions;
  /** Removed links whose processes are not known to be gone. */
  readonly leftovers: Leftovers;

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.leftovers = new Leftovers({
      lifeOf: (link) => this.lifeOf(link),
      forget: (link) => this.#forget(link),
      failed: (link, error) => this.#cleanupFailed(link, error),
    });
  }

  [Symbol.dispose](): void {
    this.leftovers[Symbol.dispose]();
  }

  /** Returns the handlers for the events of `link`. */
  eventsOf(link: Link): LinkEvents {
    const { observers, registry, keepers, log } = this.#options;
    const limit = new WarningLimit();
    const idles = new FixedWindow(IDLES_MS);
    return {
      named: (id, pid) => keepers.name(id, link.uid, pid),
      exited: (id, status, named) => {
        const isGone = named.then(() => keepers.isGoneSoon({ id, uid: link.uid }));
        observers.exited(link.info, id, status, isGone);
        void isGone.then((gone) => (gone ? keepers.forget(id) : undefined));
        this.#removeSessionCgroup(link, id).catch((error: unknown) => this.#cleanupFailed(link, error));
      },
      counted: () => {
        if (registry.get(link.socket) === link) registry.changes.emit({ kind: 'changed', link: link.info });
      },
      idle: (idle) => {
        if (idles.count() <= MAX_IDLES) observers.tell((observer) => observer.idle?.(link.info, idle));
      },
      warning: (sessionId, text) => {
        if (limit.take()) log.warn({ socket: link.socket, sessionId }, `warning from a link: ${text}`);
      },
      stopped: () => {
        link.isLeaving = true;
      },
    };
  }

  /** Removes the cgroup of a finished session, unless processes are left in it. */
  async #removeSessionCgroup(link: Link, sessionId: string): Promise<void> {
    const session = await link.cgroup?.session(sessionId);
    if (await session?.waitUntilEmpty(EXIT_MS)) await session?.remove();
  }

  #cleanupFailed({ socket }: Link, error: unknown): void {
    this.#options.log.warn({ err: error, socket }, 'cannot clean up after a link');
  }

  /** Announces that `link` is ready, and watches its connection. */
  ready(link: Link): void {
    const { connection } = link;
    if (!connection) return void this.#lost(link);
    this.#options.registry.changed(link);
    this.#options.observers.tell((observer) => observer.ready?.(connection));
    const sinceMs = performance.now();
    void connection.ended.then(() => {
      if (performance.now() - sinceMs > STEADY_MS) link.pauseMs = undefined;
      return this.#lost(link);
    });
  }

  /**
   * Connects to a stored link. Resolves when it is ready again, is gone, or does not answer yet; in that case
   * further attempts are made in the background.
   */
  async find(link: Link): Promise<void> {
    if (!(await this.#tryResume(link))) void this.#searchFor(link);
  }

  /** Removes a link: revokes its token, and ends its process if it still runs. */
  async drop(link: Link): Promise<void> {
    if (link.isRemoved) return;
    const { registry, keepers, observers, authority, log } = this.#options;
    registry.remove(link);
    this.leftovers.add(link); // at once, so that it counts as a link of its uid all the time
    link.connection?.close('the link has been removed');
    // Refused before anything is awaited: no token outlives its link in the list.
    if (authority.isActive(link.jti))
      await Promise.all(observers.tell((observer) => observer.tokenObsolete?.(link.jti, 'link-ended')));
    const isGone = await this.leftovers.settle(link);
    log.info({ socket: link.socket, linuxUser: link.linuxUser }, 'a link is gone');
    observers.tell((observer) => observer.gone?.(link.info));
    keepers.forgetEnded(link.uid).catch((error: unknown) => this.#cleanupFailed(link, error));
    this.#cleanUp(link, isGone).catch((error: unknown) => this.#cleanupFailed(link, error));
  }

  /** Deletes what is stored of a link whose process is gone. */
  async #forget(link: Link): Promise<void> {
    const { registry, folder } = this.#options;
    link.process?.[Symbol.dispose]();
    await folder.remove(link.socket);
    await registry.forget(link.socket);
  }

  /** Ends what is left of a link's own processes. */
  async #cleanUp(link: Link, isGone: boolean): Promise<void> {
    const { process, cgroup } = link;
    if (process !== undefined && !isGone) await endProcess(process, EXIT_MS);
    await cgroup?.own.end(EXIT_MS);
    if (!isGone && !this.#options.stopping.aborted) await this.leftovers.settle(link);
    await cgroup?.remove();
  }

  /**
   * Returns whether the process of a link still runs, as the kernel says. When the process is not known yet,
   * looks for it: it is the one that listens on the link's socket, and gone when nobody listens.
   */
  async lifeOf(link: Link): Promise<Life> {
    if (link.process === undefined) {
      const listener = await this.#whoListens(link);
      if (listener === 'nobody') return 'gone';
      if (link.process === undefined) link.process = listener;
      else listener?.[Symbol.dispose](); // found by another call meanwhile
    }
    return link.process?.life() ?? 'unknown';
  }

  async #whoListens({ socket: name, uid }: Link): Promise<'nobody' | ListeningProcess | undefined> {
    try {
      const { socket, process } = await dial(this.#options.folder.pathOf(name), uid, DIAL_MS);
      socket.destroy();
      return process;
    } catch (error) {
      return error instanceof Unreachable && error.gone ? 'nobody' : undefined;
    }
  }

  async #lost(link: Link): Promise<void> {
    const { registry, log, stopping } = this.#options;
    if (link.isRemoved || link.isEnding || stopping.aborted) return;
    if (link.isLeaving) return this.drop(link);
    log.info({ socket: link.socket, linuxUser: link.linuxUser }, 'lost the connection to a link');
    registry.changed(link);
    await this.#pause(link);
    await this.#searchFor(link);
  }

  /**
   * Waits before the next connection: not at all the first time, longer for a link that disconnects
   * repeatedly.
   */
  async #pause(link: Link): Promise<void> {
    const { pauseMs } = link;
    link.pauseMs =
      pauseMs === undefined ? 0 : Math.min(Math.max(2 * pauseMs, FIRST_WAIT_MS), LONGEST_WAIT_MS);
    if (link.pauseMs === 0) return;
    const { stopping } = this.#options;
    await delay(link.pauseMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }

  async #searchFor(link: Link): Promise<void> {
    const { stopping } = this.#options;
    for (
      let wait = FIRST_WAIT_MS;
      !(await this.#tryResume(link));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS)
    ) {
      await delay(wait, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    }
  }

  /** Returns false when another attempt is worthwhile. */
  async #tryResume(link: Link): Promise<boolean> {
    if (link.isRemoved || this.#options.stopping.aborted) return true;
    try {
      await this.#resume(link);
    } catch (error) {
      this.#options.log.debug({ err: error, socket: link.socket }, 'cannot resume a link');
      if (!isFinal(error)) return false;
      await this.drop(link);
      return true;
    }
    return true;
  }

  async #resume(link: Link): Promise<void> {
    const { folder, cgroups, authority, registry, store } = this.#options;
    const { process, ...line } = await dial(folder.pathOf(link.socket), link.uid, DIAL_MS);
    const found = Promise.all([greet(line), process && cgroups?.ofLink(process.pid, link.uid)]);
    const [greeted, cgroup] = await found.catch((error: unknown) => {
      line.socket.destroy();
      process?.[Symbol.dispose]();
      throw error;
    });
    try {
      const connection = link.connect(greeted, { process, cgroup }, this.eventsOf(link));
      await resume(greeted, { jti: link.jti, uid: link.uid, initKey: authority.initKey(link.jti) });
      await connection.list((await runningOfUid(store, link.uid)).map(({ id }) => id));
    } catch (error) {
      greeted.channel.close('the link was not resumed');
      throw error;
    }
    if (link.isRemoved || this.#options.stopping.aborted)
      return greeted.channel.close('the server is stopping');
    if (!authority.isActive(link.jti)) return this.#end(link);
    if (link.isRetiring) link.connection?.retire();
    else if (link.daemon) registry.acceptAgain(link);
    this.ready(link);
  }

  /** Stops a link whose token was revoked while it was not connected. */
  async #end(link: Link): Promise<void> {
    link.isEnding = true;
    await link.connection?.stop({ endSessions: false, graceMs: DEFAULT_GRACE_MS }).catch(() => undefined);
    await this.drop(link);
  }
}

/** Returns true when only a new link can help: nobody listens, or another link does. */
function isFinal(error: unknown): boolean {
  if (error instanceof Unreachable) return error.gone;
  return error instanceof LinkRefusal || isAppError(error, 'LINK_REFUSED');
}
