/** The cgroup of one session, whose counters are remembered when it is removed. */
import { Cgroup } from './cgroup.ts';

/** Most sessions whose counters are remembered. */
const MAX_REMEMBERED = 10_000;

/**
 * Numbers of processes that the kernel has killed in cgroups that are gone, by session: a session's end is
 * often recorded after its cgroup has been removed.
 */
export class RemovedOomKills {
  readonly #counts = new Map<string, number>();

  remember(sessionId: string, count: number): void {
    this.#counts.set(sessionId, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MAX_REMEMBERED && oldest !== undefined) this.#counts.delete(oldest);
  }

  of(sessionId: string): number | undefined {
    return this.#counts.get(sessionId);
  }
}

export class SessionCgroup extends Cgroup {
  readonly #id: string;
  readonly #removed: RemovedOomKills;

  constructor(path: string, id: string, removed: RemovedOomKills) {
    super(path);
    this.#id = id;
    this.#removed = removed;
  }

  override async remove(): Promise<void> {
    const count = await this.oomKills();
    if (count !== undefined) this.#removed.remember(this.#id, count);
    await super.remove();
  }
}
