/** Finds out how much of the host's cgroup tree is delegated to a daemon (cgroup-tree.ts). */
import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Cgroup } from './cgroup.ts';
import { cgroupPathOf, cgroupRoot } from './own-cgroup.ts';

/** The cgroup controllers that limits need. */
export const CONTROLLERS = ['pids', 'memory'];
/** Name of the leaf that holds the daemon. */
export const DAEMON = 'daemon';

export interface Delegation {
  /** Path of the daemon's part, as in /proc/PID/cgroup. */
  readonly path: string;
  /** Controllers that are not enabled for its children. */
  readonly missing: readonly string[];
  /** The missing ones that this host, or the container that it is, does not have. */
  readonly unavailable: readonly string[];
}

/**
 * Returns the delegated part of daemon `pid` of `uid`; undefined when there is none, or the daemon is
 * gone.
 */
export async function delegationOf(pid: number, uid: number): Promise<Delegation | undefined> {
  const [root, leaf] = await Promise.all([cgroupRoot(), cgroupPathOf(pid)]);
  if (root === undefined || leaf === undefined || basename(leaf) !== DAEMON) return undefined;
  const path = dirname(leaf);
  const top = new Cgroup(join(root, path));
  const owners = await Promise.all(
    ['', 'cgroup.procs'].map((name) => lstat(join(top.path, name)).then((entry) => entry.uid)),
  );
  if (uid !== 0 && owners.some((owner) => owner !== uid)) return undefined;
  const enabled = (await top.read('cgroup.subtree_control')).split(/\s+/);
  const missing = CONTROLLERS.filter((name) => !enabled.includes(name));
  const available = (await new Cgroup(root).read('cgroup.controllers')).split(/\s+/);
  return { path, missing, unavailable: missing.filter((name) => !available.includes(name)) };
}
