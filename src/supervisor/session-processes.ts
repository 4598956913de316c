/** The server's own hold on the processes of sessions, whatever their links say. */
import type { SessionRow } from '../store/schema.ts';
import type { CgroupTree } from './cgroups/cgroup-tree.ts';
import type { LinkConnection } from './connection/link-connection.ts';
import { type EndedSessionResult, endSession } from './lifecycle/end-session.ts';
import type { Keepers } from './lifecycle/keepers.ts';
import type { ProcessTable } from './lifecycle/process-table.ts';
import { type MeasuredSession, SessionMeter, type SessionUsage } from './session-meter.ts';
import type { CleanupLink } from './starters/cleanup-link.ts';

interface SessionProcessesOptions {
  readonly keepers: Keepers;
  readonly table: ProcessTable;
  readonly cgroups: CgroupTree | undefined;
  readonly cleanup: CleanupLink | undefined;
  /** Returns the connected link that looks after a session. */
  readonly linkOf: (session: SessionRow) => LinkConnection | undefined;
}

export class SessionProcesses {
  readonly #options: SessionProcessesOptions;
  readonly #meter: SessionMeter;

  constructor(options: SessionProcessesOptions) {
    this.#options = options;
    this.#meter = new SessionMeter(options);
  }

  /** Ends a session of this host: see end-session.ts. */
  async end(session: SessionRow, graceMs: number): Promise<EndedSessionResult> {
    const { cgroups, cleanup, keepers, table, linkOf } = this.#options;
    const enders = {
      link: linkOf(session),
      cgroup: await cgroups?.ofSession(session.id, session.uid),
      keeper: await keepers.of(session),
      table,
      cleanUp: async (ms: number) => cleanup?.end(session, ms),
    };
    const result = await endSession(enders, session, graceMs);
    if (result.hasEnded) await keepers.forget(session.id);
    return result;
  }

  /**
   * Returns true when the keeper of a session is known, and is not known to be gone two seconds later: the
   * session then counts as running, whatever its link says.
   */
  async isKept(session: SessionRow): Promise<boolean> {
    return !(await this.#options.keepers.isGoneSoon(session));
  }

  /**
   * Returns the number of a session's processes that the kernel has killed because memory had run out;
   * undefined when it has not counted them, which takes a cgroup.
   */
  async oomKillsOf({ id, uid }: Pick<SessionRow, 'id' | 'uid'>): Promise<number | undefined> {
    return this.#options.cgroups?.oomKillsOf(id, uid);
  }

  /** Measures the CPU time and memory of running sessions: see session-meter.ts. */
  usages(sessions: readonly MeasuredSession[]): Promise<ReadonlyMap<string, SessionUsage>> {
    return this.#meter.measure(sessions);
  }
}
