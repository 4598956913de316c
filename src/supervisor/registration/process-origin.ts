/**
 * Determines the origin of a process from /proc rather than from its environment: the session below whose
 * keeper it runs, or the link below which it runs when it has left its session (a link adopts orphans).
 */
import { AppError } from '../../errors.ts';
import { statOf } from '../lifecycle/listening-process.ts';
import type { Link } from '../link.ts';

export interface ProcessOrigin {
  readonly sessionId?: string;
  readonly link?: Link;
}

const MAX_ANCESTORS = 1000;

/**
 * Returns an empty origin for a process that no link started. Throws LINK_REFUSED for one with too many
 * ancestors.
 */
export async function originOf(pid: number, links: Iterable<Link>): Promise<ProcessOrigin> {
  const { keepers, listeners } = indexProcesses(links);
  let at = pid;
  for (let step = 0; at > 1; step += 1) {
    if (step === MAX_ANCESTORS) throw new AppError('LINK_REFUSED', 'this link has too many ancestors');
    const stat = await statOf(at);
    const sessionId = keepers.get(at) ?? keepers.get(stat?.session ?? 0);
    if (sessionId !== undefined) return { sessionId };
    const link = at === pid ? undefined : listeners.get(at);
    if (link !== undefined) return { link };
    at = stat?.parent ?? 0;
  }
  return {};
}

/** Maps keepers' pids (also the ids of their process sessions) to sessions, and links' pids to links. */
function indexProcesses(links: Iterable<Link>) {
  const keepers = new Map<number, string>();
  const listeners = new Map<number, Link>();
  for (const link of links) {
    if (link.process !== undefined) listeners.set(link.process.pid, link);
    for (const [sessionId, keeper] of link.connection?.running ?? [])
      if (keeper > 0) keepers.set(keeper, sessionId);
  }
  return { keepers, listeners };
}
