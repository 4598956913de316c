/**
 * Where a process on this host comes from, whatever its environment says: the session below whose keeper it
 * runs, or the link below which it runs when it has cut itself off from its session (a link adopts orphans).
 */
import { AppError } from '../../errors.ts';
import { statOf } from '../lifecycle/listening-process.ts';
import type { Link } from '../link.ts';

export interface ProcessOrigin {
  readonly sessionId?: string;
  readonly link?: Link;
}

const MOST_ANCESTORS = 1000;

/** Neither, for a process that comes from somewhere else. Throws LINK_REFUSED for one that hides below very many. */
export async function originOf(pid: number, links: Iterable<Link>): Promise<ProcessOrigin> {
  const { keepers, listeners } = processesOf(links);
  let at = pid;
  for (let step = 0; at > 1; step += 1) {
    if (step === MOST_ANCESTORS) throw new AppError('LINK_REFUSED', 'this link has too many ancestors');
    const stat = await statOf(at);
    const sessionId = keepers.get(at) ?? keepers.get(stat?.session ?? 0);
    if (sessionId !== undefined) return { sessionId };
    const link = at === pid ? undefined : listeners.get(at);
    if (link !== undefined) return { link };
    at = stat?.parent ?? 0;
  }
  return {};
}

/** Sessions by their keepers' process id, which is their process session's too, and links by theirs. */
function processesOf(links: Iterable<Link>) {
  const keepers = new Map<number, string>();
  const listeners = new Map<number, Link>();
  for (const link of links) {
    if (link.process !== undefined) listeners.set(link.process.pid, link);
    for (const [sessionId, keeper] of link.connection?.running ?? [])
      if (keeper > 0) keepers.set(keeper, sessionId);
  }
  return { keepers, listeners };
}
