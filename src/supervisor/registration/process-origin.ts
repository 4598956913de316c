/**
 * Determines the origin of a process from /proc rather than from its environment: the session in whose cgroup
 * or below whose keeper it runs, or the link below which it runs when it has left its session (a link adopts
 * orphans).
 */
import { AppError } from '../../errors.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import type { Keepers } from '../lifecycle/keepers.ts';
import { statOf, uidOf } from '../lifecycle/listening-process.ts';
import type { Link } from '../link.ts';

/** A session, with its link if that is there; or a link alone, for a process that has left its session. */
export interface ProcessOrigin {
  readonly sessionId?: string;
  readonly link?: Link;
}

/** A link's word about one keeper. */
interface ClaimedKeeper {
  readonly sessionId: string;
  readonly link: Link;
}

const MAX_ANCESTORS = 1000;

/** Knowledge of the server about sessions, besides what their links say. */
export interface KnownSessions {
  readonly cgroups: Pick<CgroupTree, 'sessionOf'> | undefined;
  readonly keepers: Pick<Keepers, 'sessionOf'>;
}

/**
 * Returns an empty origin for a process that no link started. Throws LINK_REFUSED for one with too many
 * ancestors.
 */
export async function originOf(
  pid: number,
  links: Iterable<Link>,
  known: KnownSessions,
): Promise<ProcessOrigin> {
  const confined = await known.cgroups?.sessionOf(pid);
  if (confined !== undefined) return { sessionId: confined };
  const { keepers, listeners } = indexProcesses(links);
  let at = pid;
  for (let step = 0; at > 1; step += 1) {
    if (step === MAX_ANCESTORS) throw new AppError('LINK_REFUSED', 'this link has too many ancestors');
    const stat = await statOf(at);
    const origin = (await keeperAt(at, keepers)) ?? (await keeperAt(stat?.session ?? 0, keepers));
    if (origin !== undefined) return origin;
    const link = at === pid ? undefined : listeners.get(at);
    if (link !== undefined) return { link };
    const left = stat && known.keepers.sessionOf({ pid: at, startTime: stat.startTime });
    if (left !== undefined) return { sessionId: left };
    at = stat?.parent ?? 0;
  }
  return {};
}

/** Returns the claim about the keeper `pid` by a link of its own uid; others know nothing about it. */
async function keeperAt(
  pid: number,
  keepers: ReadonlyMap<number, readonly ClaimedKeeper[]>,
): Promise<ClaimedKeeper | undefined> {
  const claims = keepers.get(pid);
  if (claims === undefined) return undefined;
  const uid = await uidOf(pid);
  return claims.find(({ link }) => link.uid === uid);
}

/** Maps keepers' pids (also the ids of their process sessions) to sessions, and links' pids to links. */
function indexProcesses(links: Iterable<Link>) {
  const keepers = new Map<number, ClaimedKeeper[]>();
  const listeners = new Map<number, Link>();
  for (const link of links) {
    if (link.process !== undefined) listeners.set(link.process.pid, link);
    for (const [sessionId, keeper] of link.connection?.running ?? []) {
      if (keeper === 0) continue;
      const claims = keepers.get(keeper) ?? [];
      claims.push({ sessionId, link });
      keepers.set(keeper, claims);
    }
  }
  return { keepers, listeners };
}
