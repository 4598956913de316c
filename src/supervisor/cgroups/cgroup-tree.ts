/**
 * The part of the host's cgroups that is the daemon's (Delegate=, systemd.resource-control(5)): the daemon in a leaf
 * of its own, and beside it one cgroup for each link that sudo has started, with limits, the link's own processes and
 * each of its sessions in one below that. What is kept here is nothing but folders, so the next daemon finds it all.
 *
 *   daemon                    this process
 *   link-<uid>-<hex>          limits
 *   link-<uid>-<hex>/self     the link, and sudo before it
 *   link-<uid>-<hex>/session-<id>
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../log/log.ts';
import { Cgroup } from './cgroup.ts';
import { Controllers } from './controllers.ts';
import { CONTROLLERS, DAEMON } from './delegation.ts';
import { type Limits, LinkCgroup } from './link-cgroup.ts';
import { cgroupPathOf, cgroupRoot } from './own-cgroup.ts';

const LINK = /^link-(\d+)-[0-9a-f]{16}$/;
const KILLED_MS = 2_000;

export interface CgroupTreeOptions {
  /** What holds now for links that begin. */
  readonly limits: () => Limits;
  /** Those that limit; pids and memory. */
  readonly controllers?: readonly string[];
  readonly log: Pick<Log, 'debug' | 'info'>;
}

export class CgroupTree implements AsyncDisposable {
  readonly #options: CgroupTreeOptions;
  readonly #top: Cgroup;
  readonly #controllers: Controllers;
  /** The path of those in it as the kernel has it, up to their names. */
  readonly #prefix: string;
  /** The names of those that are being filled: they may be empty and are not to be removed. */
  readonly #filling = new Set<string>();

  private constructor(
    options: CgroupTreeOptions,
    { top, path, controllers }: { top: Cgroup; path: string; controllers: Controllers },
  ) {
    this.#options = options;
    this.#top = top;
    this.#controllers = controllers;
    this.#prefix = path === '/' ? path : `${path}/`;
  }

  /** undefined where the daemon's cgroup is not its own: it may not write there, or others are in it. */
  static async open(options: CgroupTreeOptions): Promise<CgroupTree | undefined> {
    const { log } = options;
    const [root, path] = await Promise.all([cgroupRoot(), cgroupPathOf('self')]);
    if (root === undefined || path === undefined) return undefined;
    const top = new Cgroup(join(root, path));
    try {
      await settle(top);
    } catch (error) {
      log.debug({ err: error, cgroup: path }, "links are kept in no cgroups: the server's is not its own");
      return undefined;
    }
    const controllers = await Controllers.enable(top, options.controllers ?? CONTROLLERS);
    const { missing } = controllers;
    if (missing.length > 0) log.info({ missing }, 'links are not limited in these: they are not delegated');
    const tree = new CgroupTree(options, { top, path, controllers });
    await Promise.all((await tree.#linkNames()).map((name) => tree.#named(name).limit(options.limits())));
    return tree;
  }

  /** Does `work`, which starts a link of `uid`, with a new cgroup for it; what is in there when it fails is killed. */
  async withNewLink<T>(uid: number, work: (cgroup: LinkCgroup) => Promise<T>): Promise<T> {
    const name = `link-${uid}-${randomBytes(8).toString('hex')}`;
    const made = this.#named(name);
    this.#filling.add(name);
    try {
      await made.make(this.#options.limits());
      return await work(made);
    } catch (error) {
      await made.whole.end(KILLED_MS);
      await made.remove();
      throw error;
    } finally {
      this.#filling.delete(name);
    }
  }

  /** The cgroup of the link that `pid`, a process of `uid`, is; undefined for one that is in none. */
  async ofLink(pid: number, uid: number): Promise<LinkCgroup | undefined> {
    const path = await cgroupPathOf(pid);
    if (!path?.startsWith(this.#prefix)) return undefined;
    const [name = '', own, ...deeper] = path.slice(this.#prefix.length).split('/');
    const isLink = LINK.exec(name)?.[1] === String(uid) && own === LinkCgroup.OWN && deeper.length === 0;
    return isLink ? this.#named(name) : undefined;
  }

  /** The cgroup of a session of `uid`, whichever link of that user began it. */
  async ofSession(id: string, uid: number): Promise<Cgroup | undefined> {
    for (const name of await this.#linkNames(uid)) {
      const session = await this.#named(name).session(id);
      if (session !== undefined) return session;
    }
    return undefined;
  }

  /** Removes what is empty. */
  async sweep(): Promise<void> {
    for (const name of await this.#linkNames())
      if (!this.#filling.has(name)) await this.#named(name).remove();
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

  #named(name: string): LinkCgroup {
    return new LinkCgroup(this.#top.child(name), `${this.#prefix}${name}`);
  }
}

/** Makes room in `top`, in which this process must be alone: it goes into a leaf, where nothing of an earlier one is left. */
async function settle(top: Cgroup): Promise<void> {
  const inside = (await top.read('cgroup.procs')).split('\n');
  const others = inside.filter((pid) => pid !== '' && pid !== `${process.pid}`);
  if (others.length > 0) throw new Error(`others are in it: ${others.slice(0, 3).join(', ')}`);
  const leaf = top.child(DAEMON);
  await leaf.make();
  await leaf.end(KILLED_MS);
  await leaf.add(process.pid);
}
