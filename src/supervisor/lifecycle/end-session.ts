/**
 * Ends one session. The kernel's word comes first: an empty cgroup. Without a cgroup, the user's own link (or
 * a link that the server starts for this, when there is none or it fails) ends the processes and says so, and
 * the server looks itself as far as it can.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type UserEntry, usersByUid } from '../../accounts/user-database.ts';
import type { Ended } from '../../generated/latchkey/link/v1/link.ts';
import { MAX_SURVIVORS } from '../../link-protocol/protocol.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { Cgroup } from '../cgroups/cgroup.ts';
import type { LinkConnection } from '../connection/link-connection.ts';
import { safeText } from '../connection/link-error.ts';
import type { EndResult, Survivor } from './end-result.ts';
import { uidOf } from './listening-process.ts';
import { type ProcessEntry, type ProcessTable, processesOf } from './process-table.ts';

const MAX_COMMAND = 200;
/** Time for the kernel to end killed processes. */
const KILL_TIMEOUT_MS = 5_000;
/** Time for a keeper to leave after the last of its session's processes. */
const KEEPER_MS = 2_000;
const POLL_MS = 50;

type EndedSession = Pick<SessionRow, 'id' | 'uid' | 'linux_user' | 'command'>;

/** A link's word about the end of a session. */
export interface CleanedUp {
  readonly ended: Ended;
  /** Exit status of the program, if the link knows it. */
  readonly status?: number | undefined;
}

/** The means of ending a session. */
export interface SessionEnders {
  /** The link that looks after the session, while it is connected. */
  readonly link: LinkConnection | undefined;
  readonly cgroup: Cgroup | undefined;
  /** Pid of the session's keeper, as the server has seen it; 0 when there is none, or it is gone. */
  readonly keeper: number;
  readonly table: Pick<ProcessTable, 'read'>;
  /** Ends the session by a link that the server starts for this; undefined when it cannot, or it fails. */
  readonly cleanUp: (graceMs: number) => Promise<CleanedUp | undefined>;
}

/** The result of ending a session, and its exit status, if somebody knows it. */
export type EndedSessionResult = EndResult & { readonly status?: number | undefined };

export async function endSession(
  enders: SessionEnders,
  session: EndedSession,
  graceMs: number,
): Promise<EndedSessionResult> {
  const { link, cgroup } = enders;
  if (cgroup !== undefined) return endByCgroup(cgroup, enders, session, graceMs);
  const before = await enders.table.read();
  // A keeper that is gone by now shows nothing below it, whatever runs on.
  const keeper = before?.some(({ pid }) => pid === enders.keeper) ? enders.keeper : 0;
  let most = mostProcesses(before, link, keeper);
  let said = await endByLink(link, session, graceMs);
  // Who could not look before does not know what was to end.
  const lookAgain = async (): Promise<Look> =>
    before === undefined
      ? { pids: [], extent: 'blind' }
      : lookAfterEnd(enders.table, keeper, said !== undefined);
  let look = await lookAgain();
  // What the server cannot see, or sees otherwise than the link says, another process of the user looks at.
  if (said === undefined || look.pids.length > 0 || look.extent !== 'all') {
    const cleaned = await enders.cleanUp(graceMs);
    if (cleaned !== undefined) most = before?.length ?? 0;
    said = cleaned ?? said;
    look = await lookAgain();
  }
  const survivors = await survivorsOf(session, keeper, said?.ended, look);
  const processes = Math.min(said?.ended.processes ?? 0, most);
  if (said === undefined || survivors.length > 0) return { hasEnded: false, processes, survivors };
  await link?.markEnded(session.id);
  const verifiedBy = look.extent === 'all' ? 'both' : 'link';
  return { hasEnded: true, processes, survivors, verifiedBy, status: said.status };
}

/**
 * Returns the most processes that can have ended with a session by its link's word, which may count more than
 * there were: those that the server saw below its keeper, and the orphans that the link has adopted.
 */
function mostProcesses(
  processes: readonly ProcessEntry[] | undefined,
  link: LinkConnection | undefined,
  keeper: number,
): number {
  if (processes === undefined || keeper === 0) return 0;
  const own = new Set(processesOf([keeper], processes));
  if (link === undefined) return own.size;
  const keepers = new Set(link.running.values());
  keepers.delete(0);
  const others = new Set([...keepers, ...processesOf(keepers, processes)]);
  const below = processesOf([link.info.pid], processes);
  const orphans = below.filter((pid) => pid !== keeper && !others.has(pid));
  return new Set([...own, ...orphans]).size;
}

/** The server's look at a session's processes. */
interface Look {
  readonly pids: readonly number[];
  /**
   * The processes that the server could look at: `all` processes below the keeper, nothing since it does not
   * know the keeper, or nothing since processes are hidden from it or cannot be read. In the last case the
   * link's word is not enough.
   */
  readonly extent: 'all' | 'no keeper' | 'blind';
}

/** Looks until nothing is left, for at most two seconds when it `isSaid` that the session has ended. */
async function lookAfterEnd(
  table: Pick<ProcessTable, 'read'>,
  keeper: number,
  isSaid: boolean,
): Promise<Look> {
  for (const deadline = performance.now() + (isSaid ? KEEPER_MS : 0); ; await delay(POLL_MS)) {
    const processes = await table.read();
    if (processes === undefined) return { pids: [], extent: 'blind' };
    if (keeper === 0) return { pids: [], extent: 'no keeper' };
    const programs = processesOf([keeper], processes);
    const isKept = processes.some(({ pid }) => pid === keeper);
    if ((programs.length === 0 && !isKept) || performance.now() > deadline)
      return { pids: programs.length === 0 && isKept ? [keeper] : programs, extent: 'all' };
  }
}

async function endByLink(
  link: LinkConnection | undefined,
  { id }: EndedSession,
  graceMs: number,
): Promise<CleanedUp | undefined> {
  try {
    const ended = await link?.end(id, graceMs);
    return ended && { ended };
  } catch {
    return undefined; // it does not answer, or does not know the session
  }
}

/** Kills everything in the session's cgroup, including what a link does not report or may not signal. */
async function endByCgroup(
  cgroup: Cgroup,
  { link, keeper, cleanUp }: SessionEnders,
  session: EndedSession,
  graceMs: number,
): Promise<EndedSessionResult> {
  const most = (await cgroup.processes()).length;
  const said = (await endByLink(link, session, graceMs)) ?? (await cleanUp(graceMs));
  const { killed, left } = await cgroup.end(KILL_TIMEOUT_MS);
  if (left.length === 0) await link?.markEnded(session.id);
  await cgroup.remove();
  const survivors = await survivorsAt(left, session);
  const programs = killed.filter((pid) => pid !== keeper).length;
  const processes = Math.min((said?.ended.processes ?? 0) + programs, Math.max(most, killed.length));
  const hasEnded = left.length === 0;
  return { hasEnded, processes, survivors, verifiedBy: 'daemon', status: said?.status };
}

/** Returns what should have ended: what the server sees, what the link names, and what nobody could check. */
async function survivorsOf(
  session: EndedSession,
  keeper: number,
  ended: Ended | undefined,
  { pids: seen, extent }: Look,
): Promise<Survivor[]> {
  const own = new Set(seen);
  const named = (ended?.survivors ?? []).filter(({ pid }) => !own.has(pid)).slice(0, MAX_SURVIVORS);
  const survivors = [
    ...(await survivorsAt(seen, session)),
    ...named.map((one) => survivorNamed(one, session)),
  ];
  const isKnown = ended !== undefined && !ended.incomplete && extent !== 'blind';
  if (survivors.length > 0 || isKnown) return survivors;
  return [{ ...survivor(keeper, session.linux_user, session), isUnconfirmed: true }];
}

/** Returns the processes that the server itself sees. Looks up all their accounts at once. */
async function survivorsAt(pids: readonly number[], session: EndedSession): Promise<Survivor[]> {
  const some = pids.slice(0, MAX_SURVIVORS);
  const uids = await Promise.all(some.map(uidOf));
  const others = new Set(uids.filter((uid) => uid !== undefined).filter((uid) => uid !== session.uid));
  const users = await usersByUid([...others]).catch(() => new Map<number, UserEntry>());
  const commands = await Promise.all(some.map(commandAt));
  return some.map((pid, at) => {
    const uid = uids[at] ?? session.uid;
    const linuxUser = users.get(uid)?.name ?? nameOf(uid, session);
    return { ...survivor(pid, linuxUser, session, commands[at]), isSeen: true };
  });
}

async function commandAt(pid: number): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.replaceAll('\0', ' ').trim();
}

function survivorNamed({ pid, uid, command }: Ended['survivors'][number], session: EndedSession): Survivor {
  return survivor(pid, nameOf(uid, session), session, command);
}

/** Returns a name for a uid without a lookup, which a link could ask for as often as it likes. */
function nameOf(uid: number, session: EndedSession): string {
  if (uid === session.uid) return session.linux_user;
  return uid === 0 ? 'root' : `uid ${uid}`;
}

/** Returns a process of the session; its command is that of the session when it has none of its own. */
function survivor(pid: number, linuxUser: string, session: EndedSession, command = ''): Survivor {
  const text = safeText(command).slice(0, MAX_COMMAND);
  return { pid, linuxUser, command: text === '' ? commandLine(session) : text, sessionId: session.id };
}

/** Returns the command of a session as one line, made safe to show. */
export function commandLine({ command }: Pick<SessionRow, 'command'>): string {
  return safeText((JSON.parse(command) as string[]).join(' ')).slice(0, MAX_COMMAND);
}
