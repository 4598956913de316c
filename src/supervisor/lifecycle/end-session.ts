/** Ends one session and reports the result. */
import { readFile } from 'node:fs/promises';
import type { SessionRow } from '../../store/schema.ts';
import type { Cgroup } from '../cgroups/cgroup.ts';
import type { LinkConnection } from '../connection/link-connection.ts';
import { LinkRefusal, safeText } from '../connection/link-error.ts';
import type { EndResult, Survivor } from './end-result.ts';

const MAX_COMMAND = 200;
/** A link may list as many survivors as fit into a frame, and a receipt has a size limit. */
const MAX_SURVIVORS = 100;
/** Time for the kernel to end killed processes. */
const KILL_TIMEOUT_MS = 5_000;

type EndedSession = Pick<SessionRow, 'id' | 'linux_user' | 'command'>;

/** The means of ending a session: its link, which first asks the processes to end, and the kernel. */
export interface SessionEnders {
  readonly link: LinkConnection | undefined;
  readonly cgroup: Cgroup | undefined;
}

/**
 * Ends a session with all its processes. The link ends what it can; then everything left in the session's
 * cgroup is killed, including processes of another uid and those that the link does not report. Without a
 * cgroup the result is what the link reports: when it does not answer, the keeper is reported as a survivor,
 * and when it does not know the session, nothing is ended.
 */
export async function endSession(
  { link, cgroup }: SessionEnders,
  session: EndedSession,
  graceMs: number,
): Promise<EndResult> {
  const byLink = link ? await endByLink(link, session, graceMs) : unreachable(session);
  if (cgroup === undefined) return byLink;
  const keeper = link?.running.get(session.id);
  const { killed, left } = await cgroup.end(KILL_TIMEOUT_MS);
  await link?.markEnded(session.id);
  await cgroup.remove();
  const survivors = await Promise.all(left.slice(0, MAX_SURVIVORS).map((pid) => survivorOf(pid, session)));
  return {
    hasEnded: left.length === 0,
    processes: byLink.processes + killed.filter((pid) => pid !== keeper).length,
    survivors,
    verifiedBy: 'daemon',
  };
}

async function endByLink(link: LinkConnection, session: EndedSession, graceMs: number): Promise<EndResult> {
  const keeper = link.running.get(session.id) ?? 0;
  try {
    const { processes, survivors } = await link.end(session.id, graceMs);
    const some = survivors.slice(0, MAX_SURVIVORS);
    const left = some.map(({ pid, command }) => survivor(pid, session, safeText(command)));
    return { hasEnded: left.length === 0, processes, survivors: left, verifiedBy: 'link' };
  } catch (error) {
    if (error instanceof LinkRefusal) return { hasEnded: false, processes: 0, survivors: [] };
    return { hasEnded: false, processes: 0, survivors: [survivor(keeper, session, commandLine(session))] };
  }
}

/** The result for a session that no link looks after. */
function unreachable(session: EndedSession): EndResult {
  return { hasEnded: false, processes: 0, survivors: [survivor(0, session, commandLine(session))] };
}

async function survivorOf(pid: number, session: EndedSession): Promise<Survivor> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return survivor(pid, session, safeText(command.replaceAll('\0', ' ').trim()));
}

function survivor(pid: number, session: EndedSession, command: string): Survivor {
  return { pid, linuxUser: session.linux_user, command: command.slice(0, MAX_COMMAND) };
}

function commandLine({ command }: EndedSession): string {
  return safeText((JSON.parse(command) as string[]).join(' '));
}
