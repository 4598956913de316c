/**
 * Keeps hold of links that are ready: one whose connection breaks is looked for as long as
 * somebody listens on its socket; one that is gone loses its token, and its sessions are left for
 * the next link of its user.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { canonicalUserOfUid } from '../../accounts/user-database.ts';
import type { Authority } from '../../authority/authority.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import { dial, Unreachable } from '../connection/dial.ts';
import { greet, resume } from '../connection/handshake.ts';
import type { LinkEvents } from '../connection/link-connection.ts';
import { LinkRefusal } from '../connection/link-error.ts';
import { WarningLimit } from '../connection/warning-limit.ts';
import type { Link } from '../link.ts';
import type { Observers } from '../observer.ts';
import type { LinksFolder } from '../registration/links-folder.ts';
import type { LinkRegistry } from '../registry.ts';
import { endProcess } from './end-process.ts';
import type { ListeningProcess } from './listening-process.ts';

const DIAL_MS = 2_000;
const FIRST_WAIT_MS = 20;
const LONGEST_WAIT_MS = 5_000;
/** A connection that ends sooner makes the next one wait. */
const STEADY_MS = 10_000;
const STOP_GRACE_MS = 3_000;
/** How long a process may take to leave when it has been told to, or cannot be told. */
const LEAVING_MS = 2_000;

export interface SupervisionOptions {
  readonly registry: LinkRegistry;
  readonly folder: LinksFolder;
  readonly observers: Observers;
  readonly cgroups: CgroupTree | undefined;
  readonly authority: Pick<Authority, 'initKey' | 'isActive'>;
  readonly settings: () => { readonly eligible: EligibleSettings };
  readonly log: Log;
  /** Aborts when the daemon stops: links go on without it. */
  readonly stopping: AbortSignal;
}

export class Supervision {
  readonly #options: SupervisionOptions;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** What to do with what `link` says unasked. */
  eventsOf(link: Link): LinkEvents {
    const { observers, registry, log } = this.#options;
    const budget = new WarningLimit();
    return {
      exited: (id, status) => {
        observers.exited(link.info, id, status);
        this.#tidy(link, id).catch((error: unknown) => this.#untidy(link, error));
      },
      counted: () => {
        if (registry.get(link.socket) === link) registry.changes.emit({ kind: 'changed', link: link.info });
      },
      warning: (sessionId, text) => {
        if (budget.take()) log.warn({ socket: link.socket, sessionId }, `a link warns: ${text}`);
      },
      stopped: () => {
        link.isLeaving = true;
      },
    };
  }

  /** Removes the cgroup of a session that is over, once its keeper has left; what it left behind keeps it. */
  async #tidy(link: Link, sessionId: string): Promise<void> {
    const session = await link.cgroup?.session(sessionId);
    if (await session?.empties(LEAVING_MS)) await session?.remove();
  }

  #untidy({ socket }: Link, error: unknown): void {
    this.#options.log.warn({ err: error, socket }, 'what a link has left was not cleared away');
  }

  /** `link` is ready: tells who wants to know, and looks after it from now on. */
  ready(link: Link): void {
    const { connection } = link;
    if (!connection) return void this.#lost(link);
    this.#options.registry.changed(link);
    this.#options.observers.tell((observer) => observer.ready?.(connection));
    const sinceMs = performance.now();
    void connection.ended.then(() => {
      if (performance.now() - sinceMs > STEADY_MS) link.restMs = undefined;
      return this.#lost(link);
    });
  }

  /** Looks for a stored link. Resolves when it is ready again, gone, or slow to answer; then the search goes on. */
  async find(link: Link): Promise<void> {
    if (!(await this.#tryResume(link))) void this.#lookFor(link);
  }

  /** `link` is gone: its token ends, its process ended should it still be there without its socket. */
  async drop(link: Link): Promise<void> {
    if (link.isOver) return;
    const { registry, observers, folder, authority, log } = this.#options;
    const removed = registry.remove(link);
    link.connection?.close('the link is over');
    if (authority.isActive(link.jti))
      await Promise.all(observers.tell((observer) => observer.tokenOver?.(link.jti, 'link-ended')));
    await folder.remove(link.socket);
    await removed;
    log.info({ socket: link.socket, linuxUser: link.linuxUser }, 'a link is gone');
    observers.tell((observer) => observer.gone?.(link.info));
    this.#clear(link).catch((error: unknown) => this.#untidy(link, error));
  }

  /** Ends what is left of a link's own processes. */
  async #clear(link: Link): Promise<void> {
    await endProcess(link, LEAVING_MS);
    await link.cgroup?.own.end(LEAVING_MS);
    await link.cgroup?.remove();
  }

  /** Who listens on the socket of a link that is not connected: nobody, or a process, if it can be seen. */
  async whoListens(link: Link): Promise<{ nobody: boolean; process?: ListeningProcess | undefined }> {
    try {
      const { socket, process } = await dial(this.#options.folder.pathOf(link.socket), link.uid, DIAL_MS);
      socket.destroy();
      return { nobody: false, process };
    } catch (error) {
      return { nobody: isFinal(error) };
    }
  }

  async #lost(link: Link): Promise<void> {
    const { registry, log, stopping } = this.#options;
    if (link.isOver || link.isEnding || stopping.aborted) return;
    if (link.isLeaving) return this.drop(link);
    log.info({ socket: link.socket, linuxUser: link.linuxUser }, 'the connection to a link is lost');
    registry.changed(link);
    await this.#rest(link);
    await this.#lookFor(link);
  }

  /** Nothing at first; but a link that hangs up time and again shall not keep the daemon busy with it. */
  async #rest(link: Link): Promise<void> {
    const { restMs } = link;
    link.restMs = restMs === undefined ? 0 : Math.min(Math.max(2 * restMs, FIRST_WAIT_MS), LONGEST_WAIT_MS);
    if (link.restMs === 0) return;
    const { stopping } = this.#options;
    await delay(link.restMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }

  async #lookFor(link: Link): Promise<void> {
    const { stopping } = this.#options;
    for (
      let wait = FIRST_WAIT_MS;
      !(await this.#tryResume(link));
      wait = Math.min(2 * wait, LONGEST_WAIT_MS)
    ) {
      await delay(wait, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    }
  }

  /** False when it is worth another try. */
  async #tryResume(link: Link): Promise<boolean> {
    if (link.isOver || this.#options.stopping.aborted) return true;
    try {
      await this.#resume(link);
    } catch (error) {
      this.#options.log.debug({ err: error, socket: link.socket }, 'a link could not be resumed');
      if (!isFinal(error)) return false;
      await this.drop(link);
      return true;
    }
    this.#checkAccount(link).catch((error: unknown) => {
      this.#options.log.error({ err: error, socket: link.socket }, "a link's account could not be checked");
    });
    return true;
  }

  async #resume(link: Link): Promise<void> {
    const { folder, cgroups, authority, registry } = this.#options;
    const { process, ...line } = await dial(folder.pathOf(link.socket), link.uid, DIAL_MS);
    const greeted = await greet(line);
    const cgroup = process && (await cgroups?.ofLink(process.pid, link.uid));
    try {
      const connection = link.connect(greeted, { process, cgroup }, this.eventsOf(link));
      await resume(greeted, { jti: link.jti, uid: link.uid, initKey: authority.initKey(link.jti) });
      await connection.list();
    } catch (error) {
      greeted.channel.close('the link is not resumed');
      throw error;
    }
    if (link.isOver || this.#options.stopping.aborted) return greeted.channel.close('the daemon stops');
    if (!authority.isActive(link.jti)) return this.#end(link);
    if (link.isRetiring) link.connection?.retire();
    else if (link.daemon) registry.acceptAgain(link);
    this.ready(link);
  }

  /** A link whose token ended while nobody could tell it. */
  async #end(link: Link): Promise<void> {
    link.isEnding = true;
    await link.connection?.stop({ endSessions: false, graceMs: STOP_GRACE_MS }).catch(() => undefined);
    await this.drop(link);
  }

  /** Accounts change while a link runs: one that may have none any more loses it. */
  async #checkAccount(link: Link): Promise<void> {
    const { observers, settings, log } = this.#options;
    if (link.isOver) return;
    try {
      const user = await canonicalUserOfUid(link.uid);
      if (user?.name !== link.linuxUser) throw new AppError('NOT_ELIGIBLE', 'the account is another one now');
      checkEligible(user, settings().eligible);
    } catch (error) {
      if (!isAppError(error, 'NOT_ELIGIBLE')) return;
      log.warn(
        { socket: link.socket, linuxUser: link.linuxUser, err: error },
        'a link is not eligible any more',
      );
      await Promise.all(observers.tell((observer) => observer.tokenOver?.(link.jti, 'revoked')));
    }
  }
}

/** Whether nothing but a new link can help: nobody listens, or it is not the link that it was. */
function isFinal(error: unknown): boolean {
  if (error instanceof Unreachable) return error.gone;
  return error instanceof LinkRefusal || isAppError(error, 'LINK_REFUSED');
}
