/** Ending one session, and what is said about it afterwards. */
import { readFile } from 'node:fs/promises';
import type { SessionRow } from '../../store/schema.ts';
import type { Cgroup } from '../cgroups/cgroup.ts';
import type { LinkConnection } from '../connection/link-connection.ts';
import { LinkRefusal, safeText } from '../connection/link-error.ts';
import type { EndResult, Survivor } from './end-result.ts';

const MAX_COMMAND = 200;
/** A link may name as many as fit into a frame, and a receipt has to reach whoever asked for it. */
const MAX_SURVIVORS = 100;
/** For the kernel to end what it has killed. */
const KILLED_MS = 5_000;

type Ending = Pick<SessionRow, 'id' | 'linux_user' | 'command'>;

/** Who can end a session: the link that looks after it, which asks first, and the kernel. */
export interface Enders {
  readonly link: LinkConnection | undefined;
  readonly cgroup: Cgroup | undefined;
}

/**
 * Ends a session with all its processes. Its link does what it can, and what is left in its cgroup is killed: what
 * runs under another uid and what the link does not tell of included. Without a cgroup the link's word is all there is;
 * one that does not answer leaves the keeper a survivor, and nothing is ended when the link does not know the session.
 */
export async function endSession(
  { link, cgroup }: Enders,
  session: Ending,
  graceMs: number,
): Promise<EndResult> {
  const told = link ? await endByLink(link, session, graceMs) : unreachable(session);
  if (cgroup === undefined) return told;
  const keeper = link?.running.get(session.id);
  const { killed, left } = await cgroup.end(KILLED_MS);
  await link?.over(session.id);
  await cgroup.remove();
  const survivors = await Promise.all(left.slice(0, MAX_SURVIVORS).map((pid) => survivorOf(pid, session)));
  return {
    isOver: left.length === 0,
    processes: told.processes + killed.filter((pid) => pid !== keeper).length,
    survivors,
    verifiedBy: 'daemon',
  };
}

async function endByLink(link: LinkConnection, session: Ending, graceMs: number): Promise<EndResult> {
  const keeper = link.running.get(session.id) ?? 0;
  try {
    const { processes, survivors } = await link.end(session.id, graceMs);
    const some = survivors.slice(0, MAX_SURVIVORS);
    const left = some.map(({ pid, command }) => survivor(pid, session, safeText(command)));
    return { isOver: left.length === 0, processes, survivors: left, verifiedBy: 'link' };
  } catch (error) {
    if (error instanceof LinkRefusal) return { isOver: false, processes: 0, survivors: [] };
    return { isOver: false, processes: 0, survivors: [survivor(keeper, session, commandLine(session))] };
  }
}

/** A session that nobody can end now: no link looks after it. */
function unreachable(session: Ending): EndResult {
  return { isOver: false, processes: 0, survivors: [survivor(0, session, commandLine(session))] };
}

async function survivorOf(pid: number, session: Ending): Promise<Survivor> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return survivor(pid, session, safeText(command.replaceAll('\0', ' ').trim()));
}

function survivor(pid: number, session: Ending, command: string): Survivor {
  // A link's word is passed on to people who may end what it names: 0 and below would be whole groups.
  return { pid: Math.max(pid, 0), linuxUser: session.linux_user, command: command.slice(0, MAX_COMMAND) };
}

function commandLine({ command }: Ending): string {
  return safeText((JSON.parse(command) as string[]).join(' '));
}
