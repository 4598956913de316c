/** The cgroup of one link that sudo has started: its own processes, and those of each of its sessions. */
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { startTimeOf } from '../lifecycle/listening-process.ts';
import type { Cgroup } from './cgroup.ts';
import { cgroupPathOf } from './own-cgroup.ts';

/** Limits of a link and all its sessions together. */
export interface Limits {
  readonly processes: number;
  readonly memoryBytes: number;
}

const SESSION = /^[A-Za-z0-9_-]{1,64}$/;

export class LinkCgroup {
  /** Name of the cgroup of the link's own processes. */
  static readonly OWN = 'self';
  /** The cgroup of the link and all its sessions. */
  readonly whole: Cgroup;
  /** The cgroup of the link's own processes. */
  readonly own: Cgroup;
  /** Path of `own`, as in /proc/PID/cgroup. */
  readonly #ownPath: string;

  /** `path` is the path of `whole`, as in /proc/PID/cgroup. */
  constructor(whole: Cgroup, path: string) {
    this.whole = whole;
    this.own = whole.child(LinkCgroup.OWN);
    this.#ownPath = `${path}/${LinkCgroup.OWN}`;
  }

  /** The file that a process writes its pid to in order to join. */
  get joinFile(): string {
    return join(this.own.path, 'cgroup.procs');
  }

  async make(limits: Limits): Promise<void> {
    await this.own.make();
    await this.limit(limits);
  }

  /** Sets the limits whose controllers are available. */
  async limit({ processes, memoryBytes }: Limits): Promise<void> {
    await this.whole.write('pids.max', `${processes}`).catch(() => {});
    await this.whole.write('memory.max', `${memoryBytes}`).catch(() => {});
  }

  /** Returns the cgroup of a session that was started here. */
  async session(id: string): Promise<Cgroup | undefined> {
    const name = sessionName(id);
    return (await this.whole.children()).includes(name) ? this.whole.child(name) : undefined;
  }

  /**
   * Moves a waiting keeper into a cgroup for session `id`. Only the link has named the keeper, so it must
   * be a process of the link's `uid` in the link's own cgroup, or nothing is moved. Throws LINK_REFUSED,
   * and errors of the kernel.
   */
  async confine(id: string, keeper: number, uid: number): Promise<void> {
    const before = await startTimeOf(keeper, uid);
    if (before === undefined || (await cgroupPathOf(keeper)) !== this.#ownPath) throw notOurs();
    const session = this.whole.child(sessionName(id));
    await session.make();
    await session.add(keeper).catch(async () => {
      await session.make(); // it was empty and has been removed
      await session.add(keeper);
    });
    if ((await startTimeOf(keeper, uid)) !== before) throw notOurs();
  }

  /** Removes the cgroups that are empty. */
  async remove(): Promise<void> {
    await this.whole.remove();
  }
}

function sessionName(id: string): string {
  if (!SESSION.test(id))
    throw new AppError('INVALID_ARGUMENT', 'session_id: not usable as the name of a cgroup');
  return `session-${id}`;
}

function notOurs(): AppError {
  return new AppError('LINK_REFUSED', "the keeper named by the link is not one of the link's processes");
}
