/** Finds the cgroups of processes in the cgroup version 2 hierarchy (cgroups(7)). */
import { readFile } from 'node:fs/promises';

/**
 * Returns the path of the cgroup of `pid`, from the root visible to this process; undefined when the
 * process is gone or has none.
 */
export async function cgroupPathOf(pid: number | 'self'): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const [, path] = /^0::(\/.*)$/m.exec(text) ?? [];
  // Outside the visible hierarchy, or removed.
  return path === undefined || path.includes('/..') || path.endsWith(' (deleted)') ? undefined : path;
}

/** Returns the mount point of the hierarchy: /sys/fs/cgroup, or below it when version 1 is mounted, too. */
export async function cgroupRoot(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    if (after.startsWith('cgroup2 ') && root === '/') return point;
  }
  return undefined;
}
