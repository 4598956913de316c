/** How far a daemon's part of the host's cgroups is its own: what a tree of them needs (cgroup-tree.ts). */
import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Cgroup } from './cgroup.ts';
import { cgroupPathOf, cgroupRoot } from './own-cgroup.ts';

/** Those that limit. */
export const CONTROLLERS = ['pids', 'memory'];
/** The leaf that a daemon goes into. */
export const DAEMON = 'daemon';

export interface Delegation {
  /** The daemon's part as the kernel has it. */
  readonly path: string;
  /** Of CONTROLLERS, those that are not passed on to what is below. */
  readonly missing: readonly string[];
}

/** What the daemon `pid` of `uid` has made its own; undefined when it has not, or could not, and when it is gone. */
export async function delegationOf(pid: number, uid: number): Promise<Delegation | undefined> {
  const [root, leaf] = await Promise.all([cgroupRoot(), cgroupPathOf(pid)]);
  if (root === undefined || leaf === undefined || basename(leaf) !== DAEMON) return undefined;
  const path = dirname(leaf);
  const top = new Cgroup(join(root, path));
  const owners = await Promise.all(
    ['', 'cgroup.procs'].map((name) => lstat(join(top.path, name)).then((entry) => entry.uid)),
  );
  if (uid !== 0 && owners.some((owner) => owner !== uid)) return undefined;
  const passedOn = (await top.read('cgroup.subtree_control')).split(/\s+/);
  return { path, missing: CONTROLLERS.filter((name) => !passedOn.includes(name)) };
}
