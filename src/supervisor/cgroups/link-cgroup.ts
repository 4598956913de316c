/** The cgroup of one link that sudo has started: its own processes, and those of each of its sessions. */
import { join } from 'node:path';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { Pidfd } from '../../native/pidfd.ts';
import { uidOf } from '../lifecycle/listening-process.ts';
import type { Cgroup } from './cgroup.ts';
import type { Controllers } from './controllers.ts';
import { type RemovedOomKills, SessionCgroup } from './session-cgroup.ts';

/** Start of the names of sessions' cgroups. */
const SESSION = 'session-';

/** Limits of a link and all its sessions together. */
export interface Limits {
  readonly processes: number;
  readonly memoryBytes: number;
}

export class LinkCgroup {
  /** Name of the cgroup of the link's own processes. */
  static readonly OWN = 'self';
  /** The cgroup of the link and all its sessions. */
  readonly whole: Cgroup;
  /** The cgroup of the link's own processes. */
  readonly own: Cgroup;
  readonly #removed: RemovedOomKills;

  constructor(whole: Cgroup, removed: RemovedOomKills) {
    this.whole = whole;
    this.own = whole.child(LinkCgroup.OWN);
    this.#removed = removed;
  }

  /** Returns the id of the session that a cgroup below the link's is for, by its name. */
  static sessionIn(name: string): string | undefined {
    return name.startsWith(SESSION) ? name.slice(SESSION.length) : undefined;
  }

  /** The file that a process writes its pid to in order to join. */
  get joinFile(): string {
    return join(this.own.path, 'cgroup.procs');
  }

  async make(limits: Limits, controllers: Pick<Controllers, 'passOn'>): Promise<void> {
    await this.own.make();
    await this.limit(limits, controllers);
  }

  /** Sets the limits whose controllers are available, and has these count for each session, too. */
  async limit({ processes, memoryBytes }: Limits, controllers: Pick<Controllers, 'passOn'>): Promise<void> {
    await this.whole.write('pids.max', `${processes}`).catch(() => {});
    await this.whole.write('memory.max', `${memoryBytes}`).catch(() => {});
    await controllers.passOn(this.whole).catch(() => {});
  }

  /** Returns the cgroup of a session that was started here. */
  async session(id: string): Promise<Cgroup | undefined> {
    return (await this.whole.children()).includes(sessionName(id)) ? this.#sessionCgroup(id) : undefined;
  }

  /** Returns the cgroups of the sessions that were started here, by id. */
  async sessions(): Promise<ReadonlyMap<string, Cgroup>> {
    const ids = (await this.whole.children()).map((name) => LinkCgroup.sessionIn(name));
    return new Map(ids.filter((id) => id !== undefined).map((id) => [id, this.#sessionCgroup(id)]));
  }

  /**
   * Moves a waiting keeper into a cgroup for session `id`. Only the link has named the keeper, so it must
   * be a process in the link's own cgroup, of the link's `uid` as far as /proc shows it, or nothing is moved.
   * Throws LINK_REFUSED, and errors of the kernel.
   */
  async confine(id: string, keeper: number, uid: number): Promise<void> {
    using waiting = openProcess(keeper);
    const owner = await uidOf(keeper);
    if (owner !== undefined && owner !== uid) throw notOurs();
    if (!(await this.own.processes()).includes(keeper)) throw notOurs();
    const session = this.#sessionCgroup(id);
    await session.make();
    await session.add(keeper).catch(async () => {
      await session.make(); // it was empty and has been removed
      await session.add(keeper);
    });
    if (waiting.hasExited()) throw notOurs(); // its pid may have been another process's by then
  }

  /** Removes the cgroups that are empty. */
  async remove(): Promise<void> {
    for (const session of (await this.sessions()).values()) await session.remove();
    await this.whole.remove();
  }

  #sessionCgroup(id: string): Cgroup {
    return new SessionCgroup(this.whole.child(sessionName(id)).path, id, this.#removed);
  }
}

/** Session ids are the server's own, and usable as file names. */
function sessionName(id: string): string {
  return `${SESSION}${id}`;
}

function openProcess(pid: number): Pidfd {
  try {
    return Pidfd.open(pid);
  } catch (error) {
    throw codeOf(error) === 'ESRCH' || codeOf(error) === 'EINVAL' ? notOurs() : error;
  }
}

function notOurs(): AppError {
  return new AppError('LINK_REFUSED', "the keeper named by the link is not one of the link's processes");
}
