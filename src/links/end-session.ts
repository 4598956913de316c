/** Ending one session, and what is said about it afterwards. */
import { type EndedParts, NOTHING_ENDED } from '../authority/receipt.ts';
import type { SessionRow } from '../store/schema.ts';
import type { LinkConnection } from './link-connection.ts';
import { LinkRefusal, safeText } from './link-error.ts';

const MAX_COMMAND = 200;
/** A link may name as many as fit into a frame, and a receipt has to reach whoever asked for it. */
const MAX_SURVIVORS = 100;

type Ending = Pick<SessionRow, 'id' | 'linux_user' | 'command'>;

/**
 * Ends a session with all its processes through the link that looks after it. A link that does
 * not answer leaves the keeper a survivor. Nothing is ended when the link does not know the session.
 */
export async function endSession(
  link: LinkConnection,
  session: Ending,
  graceMs: number,
): Promise<EndedParts> {
  const keeper = link.running.get(session.id) ?? 0;
  try {
    const { processes, survivors } = await link.end(session.id, graceMs);
    const some = survivors.slice(0, MAX_SURVIVORS);
    const left = some.map(({ pid, command }) => survivor(pid, session, safeText(command)));
    const ended = left.length === 0 ? [session.id] : [];
    return { ...NOTHING_ENDED, sessions: ended, processes, survivors: left, verifiedBy: 'link' };
  } catch (error) {
    if (error instanceof LinkRefusal) return NOTHING_ENDED;
    const left = survivor(keeper, session, commandLine(session));
    return { ...NOTHING_ENDED, survivors: [left] };
  }
}

/** A session that nobody can end now: no link looks after it. */
export function unreachable(session: Ending): EndedParts {
  return { ...NOTHING_ENDED, survivors: [survivor(0, session, commandLine(session))] };
}

function survivor(pid: number, session: Ending, command: string): EndedParts['survivors'][number] {
  // A link's word is passed on to people who may end what it names: 0 and below would be whole groups.
  return { pid: Math.max(pid, 0), linuxUser: session.linux_user, command: command.slice(0, MAX_COMMAND) };
}

function commandLine({ command }: Ending): string {
  return safeText((JSON.parse(command) as string[]).join(' '));
}
