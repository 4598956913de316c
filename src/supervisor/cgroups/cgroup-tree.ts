/**
 * The daemon's delegated part of the host's cgroup tree (Delegate=, systemd.resource-control(5)). The
 * daemon is in a leaf of its own. Beside it each link that sudo has started has a cgroup with limits; the
 * link's own processes and each of its sessions are in one below that. All state is in the directories,
 * so the next daemon finds it.
 *
 *   daemon                          this process
 *   link-<uid>-<hex>                limits
 *   link-<uid>-<hex>/self           the link, and sudo before it
 *   link-<uid>-<hex>/session-<id>   one session
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../log/log.ts';
import { Cgroup } from './cgroup.ts';
import { Controllers } from './controllers.ts';
import { CONTROLLERS, DAEMON } from './delegation.ts';
import { type Limits, LinkCgroup } from './link-cgroup.ts';
import { cgroupPathOf, cgroupRoot } from './own-cgroup.ts';
import { RemovedOomKills } from './session-cgroup.ts';

const LINK = /^link-(\d+)-[0-9a-f]{16}$/;
const KILL_TIMEOUT_MS = 2_000;

export interface CgroupTreeOptions {
  /** Returns the current limits for new links. */
  readonly limits: () => Limits;
  /** The cgroup controllers that limits need; pids and memory by default. */
  readonly controllers?: readonly string[];
  readonly log: Pick<Log, 'debug' | 'info'>;
}

export class CgroupTree implements AsyncDisposable {
  readonly #options: CgroupTreeOptions;
  readonly #top: Cgroup;
  readonly #controllers: Controllers;
  /** Start of the paths of its children, as in /proc/PID/cgroup. */
  readonly #prefix: string;
  /** Names of new cgroups that are still empty and must not be removed. */
  readonly #filling = new Set<string>();
  readonly #removedOomKills = new RemovedOomKills();

  private constructor(
    options: CgroupTreeOptions,
    { top, path, controllers }: { top: Cgroup; path: string; controllers: Controllers },
  ) {
    this.#options = options;
    this.#top = top;
    this.#controllers = controllers;
    this.#prefix = path === '/' ? path : `${path}/`;
  }

  /**
   * Opens the tree; undefined when the daemon's cgroup is not its own: it may not write there, or other
   * processes are in it.
   */
  static async open(options: CgroupTreeOptions): Promise<CgroupTree | undefined> {
    const { log } = options;
    const [root, path] = await Promise.all([cgroupRoot(), cgroupPathOf('self')]);
    if (root === undefined || path === undefined) return undefined;
    const top = new Cgroup(join(root, path));
    try {
      await moveToLeaf(top);
    } catch (error) {
      log.debug(
        { err: error, cgroup: path },
        "links have no cgroups: the server's cgroup is not delegated to it",
      );
      return undefined;
    }
    const controllers = await Controllers.enable(top, options.controllers ?? CONTROLLERS);
    const { missing } = controllers;
    if (missing.length > 0)
      log.info({ missing }, 'links have no limits for these controllers: they are not delegated');
    const tree = new CgroupTree(options, { top, path, controllers });
    await Promise.all(
      (await tree.#linkNames()).map((name) => tree.#linkCgroup(name).limit(options.limits(), controllers)),
    );
    return tree;
  }

  /**
   * Creates a cgroup and calls `work`, which starts a link of `uid` in it. When `work` fails, all processes
   * in it are killed.
   */
  async withNewLink<T>(uid: number, work: (cgroup: LinkCgroup) => Promise<T>): Promise<T> {
    const name = `link-${uid}-${randomBytes(8).toString('hex')}`;
    const made = this.#linkCgroup(name);
    this.#filling.add(name);
    try {
      await made.make(this.#options.limits(), this.#controllers);
      return await work(made);
    } catch (error) {
      await made.whole.end(KILL_TIMEOUT_MS);
      await made.remove();
      throw error;
    } finally {
      this.#filling.delete(name);
    }
  }

  /** Returns the cgroup of the link whose process is `pid`, owned by `uid`; undefined when it is in none. */
  async ofLink(pid: number, uid: number): Promise<LinkCgroup | undefined> {
    const path = await cgroupPathOf(pid);
    if (path === undefined) return this.#ofHiddenLink(pid, uid);
    if (!path.startsWith(this.#prefix)) return undefined;
    const [name = '', own, ...deeper] = path.slice(this.#prefix.length).split('/');
    const isLink = LINK.exec(name)?.[1] === String(uid) && own === LinkCgroup.OWN && deeper.length === 0;
    return isLink ? this.#linkCgroup(name) : undefined;
  }

  /**
   * Returns the cgroup that has the process among its members, for one whose entry in /proc cannot be read.
   */
  async #ofHiddenLink(pid: number, uid: number): Promise<LinkCgroup | undefined> {
    for (const name of await this.#linkNames(uid)) {
      const cgroup = this.#linkCgroup(name);
      if ((await cgroup.own.processes()).includes(pid)) return cgroup;
    }
    return undefined;
  }

  /** Returns the cgroup of a session of `uid`, whichever link of that user started it. */
  async ofSession(id: string, uid: number): Promise<Cgroup | undefined> {
    for (const name of await this.#linkNames(uid)) {
      const session = await this.#linkCgroup(name).session(id);
      if (session !== undefined) return session;
    }
    return undefined;
  }

  /** Returns the cgroups of all sessions, by id. */
  async sessions(): Promise<ReadonlyMap<string, Cgroup>> {
    const found = new Map<string, Cgroup>();
    for (const name of await this.#linkNames())
      for (const [id, session] of await this.#linkCgroup(name).sessions()) found.set(id, session);
    return found;
  }

  /**
   * Returns the number of processes of a session of `uid` that the kernel has killed because memory had run
   * out, also when its cgroup has been removed; undefined when nobody has counted them.
   */
  async oomKillsOf(id: string, uid: number): Promise<number | undefined> {
    const session = await this.ofSession(id, uid);
    return (await session?.oomKills()) ?? this.#removedOomKills.of(id);
  }

  /** Returns the id of the session whose cgroup the process is in, whoever it runs as. */
  async sessionOf(pid: number): Promise<string | undefined> {
    const path = await cgroupPathOf(pid);
    if (!path?.startsWith(this.#prefix)) return undefined;
    const [name = '', below = ''] = path.slice(this.#prefix.length).split('/');
    return LINK.test(name) ? LinkCgroup.sessionIn(below) : undefined;
  }

  /** Removes empty cgroups. */
  async removeEmpty(): Promise<void> {
    for (const name of await this.#linkNames())
      if (!this.#filling.has(name)) await this.#linkCgroup(name).remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controllers[Symbol.asyncDispose]();
  }

  async #linkNames(uid?: number): Promise<string[]> {
    const names = await this.#top.children();
    return names.filter((name) => {
      const [, owner] = LINK.exec(name) ?? [];
      return owner !== undefined && (uid === undefined || owner === String(uid));
    });
  }

  #linkCgroup(name: string): LinkCgroup {
    return new LinkCgroup(this.#top.child(name), this.#removedOomKills);
  }
}

/**
 * Moves this process from `top`, where it must be alone, to a leaf. Processes left there by an earlier
 * daemon are killed.
 */
async function moveToLeaf(top: Cgroup): Promise<void> {
  const inside = (await top.read('cgroup.procs')).split('\n');
  const others = inside.filter((pid) => pid !== '' && pid !== `${process.pid}`);
  if (others.length > 0) throw new Error(`other processes are in it: ${others.slice(0, 3).join(', ')}`);
  const leaf = top.child(DAEMON);
  await leaf.make();
  await leaf.end(KILL_TIMEOUT_MS);
  await leaf.add(process.pid);
}
