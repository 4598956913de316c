/** Ends one link: asked first, and killed when it does not answer. */
import type { LinkCgroup } from '../cgroups/link-cgroup.ts';
import type { Link } from '../link.ts';
import { endProcess } from './end-process.ts';
import type { EndResult, Survivor } from './end-result.ts';
import type { Supervision } from './supervision.ts';

const GRACE_MS = 3_000;
/** For a link that has said that it goes. */
const LEAVING_MS = 2_000;
/** For the kernel to end what it has killed. */
const KILLED_MS = 5_000;

/**
 * Ends `link`, which is no link any more afterwards. In a cgroup the kernel ends its own processes, with
 * `everything` whatever began there; elsewhere a process that nobody can see gone is named as a survivor.
 */
export async function endLink(
  link: Link,
  everything: boolean,
  supervision: Pick<Supervision, 'whoListens' | 'drop'>,
): Promise<EndResult> {
  try {
    const leaves = await saysThatItLeaves(link);
    if (link.cgroup) return await endCgroup(link, link.cgroup, { leaves, everything });
    const listener = link.process ? { nobody: false } : await supervision.whoListens(link);
    link.process ??= listener.process;
    const isOver = link.process ? await endProcess(link, leaves ? LEAVING_MS : 0) : leaves || listener.nobody;
    if (isOver) return { isOver, processes: link.process ? 1 : 0, survivors: [], verifiedBy: 'link' };
    return { isOver, processes: 0, survivors: [survivorOf(link, link.row.pid)] };
  } finally {
    await supervision.drop(link);
  }
}

async function saysThatItLeaves({ connection }: Link): Promise<boolean> {
  try {
    await connection?.stop({ endSessions: false, graceMs: GRACE_MS });
    return connection !== undefined;
  } catch {
    return false;
  }
}

/** Ends a link's own processes, or everything that began there, as the kernel alone can. */
async function endCgroup(
  link: Link,
  { whole, own }: LinkCgroup,
  { leaves, everything }: { leaves: boolean; everything: boolean },
): Promise<EndResult> {
  await own.empties(leaves ? LEAVING_MS : 0);
  const { killed, left } = await (everything ? whole : own).end(KILLED_MS);
  const besides = killed.filter((pid) => pid !== link.process?.pid).length;
  const survivors = left.map((pid) => survivorOf(link, pid));
  return { isOver: left.length === 0, processes: 1 + besides, survivors, verifiedBy: 'daemon' };
}

function survivorOf({ linuxUser }: Link, pid: number): Survivor {
  return { pid, linuxUser, command: 'latchkey link' };
}
