/** Ends one link: asks it to stop, and kills it when it does not answer. */
import { DEFAULT_GRACE_MS } from '../../grace-period.ts';
import type { LinkCgroup } from '../cgroups/link-cgroup.ts';
import type { Link } from '../link.ts';
import { endProcess } from './end-process.ts';
import type { EndResult, Survivor } from './end-result.ts';
import type { Supervision } from './supervision.ts';

/** Time for a link that has announced that it exits. */
const EXIT_MS = 2_000;
/** Time for the kernel to end killed processes. */
const KILL_TIMEOUT_MS = 5_000;

/**
 * Ends `link` and drops it. With a cgroup, the kernel ends its own processes, and with `everything` all
 * that it started. Without one, its process is a survivor unless the kernel says that it is gone; what the
 * link itself says counts for nothing.
 */
export async function endLink(
  link: Link,
  everything: boolean,
  supervision: Pick<Supervision, 'lifeOf' | 'drop'>,
): Promise<EndResult> {
  try {
    const isStopping = await askToStop(link);
    if (link.cgroup) return await endCgroup(link, link.cgroup, { isStopping, everything });
    let life = await supervision.lifeOf(link);
    if (life !== 'gone' && link.process) life = await endProcess(link.process, isStopping ? EXIT_MS : 0);
    if (life === 'gone') return { hasEnded: true, processes: 0, survivors: [], verifiedBy: 'daemon' };
    const survivor = survivorOf(link, link.row.pid, life === 'running');
    return { hasEnded: false, processes: 0, survivors: [{ ...survivor, isUnconfirmed: life === 'unknown' }] };
  } finally {
    await supervision.drop(link);
  }
}

async function askToStop({ connection }: Link): Promise<boolean> {
  try {
    await connection?.stop({ endSessions: false, graceMs: DEFAULT_GRACE_MS });
    return connection !== undefined;
  } catch {
    return false;
  }
}

/** Kills a link's own processes, or everything that it started. */
async function endCgroup(
  link: Link,
  { whole, own }: LinkCgroup,
  { isStopping, everything }: { isStopping: boolean; everything: boolean },
): Promise<EndResult> {
  await own.waitUntilEmpty(isStopping ? EXIT_MS : 0);
  const helpers = await own.processes();
  const { killed, left } = await (everything ? whole : own).end(KILL_TIMEOUT_MS);
  const programs = killed.filter((pid) => !helpers.includes(pid)).length;
  const survivors = left.map((pid) => survivorOf(link, pid, true));
  return { hasEnded: left.length === 0, processes: programs, survivors, verifiedBy: 'daemon' };
}

function survivorOf({ linuxUser, socket }: Link, pid: number, isSeen: boolean): Survivor {
  return { pid, linuxUser, command: 'latchkey link', socket, isSeen };
}
