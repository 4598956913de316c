/** Where this process and others stand in the one hierarchy of cgroups version 2 (cgroups(7)). */
import { readFile } from 'node:fs/promises';

/** The path of `pid`'s cgroup, from the root that this process sees; undefined when it is gone or there is none. */
export async function cgroupPathOf(pid: number | 'self'): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const [, path] = /^0::(\/.*)$/m.exec(text) ?? [];
  // Outside of what can be seen here, or removed.
  return path === undefined || path.includes('/..') || path.endsWith(' (deleted)') ? undefined : path;
}

/** Where that root is mounted: /sys/fs/cgroup, or below it beside version 1. */
export async function cgroupRoot(): Promise<string | undefined> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    if (after.startsWith('cgroup2 ') && root === '/') return point;
  }
  return undefined;
}
