/** What belongs to one link that sudo has started: its own processes, and those of each of its sessions. */
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { processOf } from '../lifecycle/listening-process.ts';
import type { Cgroup } from './cgroup.ts';
import { cgroupPathOf } from './own-cgroup.ts';

/** What a link and all of its sessions may use together. */
export interface Limits {
  readonly processes: number;
  readonly memoryBytes: number;
}

const SESSION = /^[A-Za-z0-9_-]{1,64}$/;

export class LinkCgroup {
  /** The name of the cgroup of the link's own processes. */
  static readonly OWN = 'self';
  /** With all of its sessions. */
  readonly whole: Cgroup;
  /** The link's own processes. */
  readonly own: Cgroup;
  /** That one's path as the kernel has it. */
  readonly #ownPath: string;

  /** `path` is that of `whole` as the kernel has it. */
  constructor(whole: Cgroup, path: string) {
    this.whole = whole;
    this.own = whole.child(LinkCgroup.OWN);
    this.#ownPath = `${path}/${LinkCgroup.OWN}`;
  }

  /** The file that a process writes its id to in order to be in it. */
  get door(): string {
    return join(this.own.path, 'cgroup.procs');
  }

  async make(limits: Limits): Promise<void> {
    await this.own.make();
    await this.limit(limits);
  }

  /** Sets the limits, as far as there are controllers. */
  async limit({ processes, memoryBytes }: Limits): Promise<void> {
    await this.whole.write('pids.max', `${processes}`).catch(() => {});
    await this.whole.write('memory.max', `${memoryBytes}`).catch(() => {});
  }

  /** The cgroup of a session that was begun here. */
  async session(id: string): Promise<Cgroup | undefined> {
    const name = sessionName(id);
    return (await this.whole.children()).includes(name) ? this.whole.child(name) : undefined;
  }

  /**
   * Puts a keeper, which waits, into a cgroup for session `id`. The link alone has named it, so it must be a process
   * of the link's `uid` and among the link's own, or nothing is moved. Throws LINK_REFUSED, and what the kernel says.
   */
  async confine(id: string, keeper: number, uid: number): Promise<void> {
    const before = await processOf(keeper, uid);
    if (before === undefined || (await cgroupPathOf(keeper)) !== this.#ownPath) throw notOurs();
    const session = this.whole.child(sessionName(id));
    await session.make();
    await session.add(keeper).catch(async () => {
      await session.make(); // it was swept while it was empty
      await session.add(keeper);
    });
    if ((await processOf(keeper, uid))?.startTime !== before.startTime) throw notOurs();
  }

  /** Removes what is empty. */
  async remove(): Promise<void> {
    await this.whole.remove();
  }
}

function sessionName(id: string): string {
  if (!SESSION.test(id)) throw new AppError('INVALID_ARGUMENT', 'the id of a session cannot name a cgroup');
  return `session-${id}`;
}

function notOurs(): AppError {
  return new AppError('LINK_REFUSED', 'the keeper that the link names is not one of its own processes');
}
