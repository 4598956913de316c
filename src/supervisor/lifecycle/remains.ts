/** Says what still runs of sessions and links, as far as the server can see. Ends nothing. */
import type { SessionRow } from '../../store/schema.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import type { Link } from '../link.ts';
import type { LinkRegistry } from '../registry.ts';
import { commandLine } from './end-session.ts';
import type { Keepers } from './keepers.ts';
import type { Leftovers } from './leftovers.ts';
import { type ProcessTable, processesOf } from './process-table.ts';

export interface RemainsOptions {
  readonly registry: LinkRegistry;
  readonly leftovers: Leftovers;
  readonly cgroups: CgroupTree | undefined;
  readonly keepers: Keepers;
  readonly table: ProcessTable;
}

/** The server's look at a session. */
export interface SessionPrograms {
  /** Its processes without its keeper; at most 20. */
  readonly pids: readonly number[];
  readonly command: string;
  /** True when nobody could tell whether it runs. */
  readonly isUnconfirmed: boolean;
}

/** A link that has not ended, or may not have. */
export interface PresentLink {
  readonly socket: string;
  readonly linuxUser: string;
  /** Its process, if that is known. */
  readonly pids: readonly number[];
  readonly isUnconfirmed: boolean;
  /** True when only its process may be left. */
  readonly isRemoved: boolean;
}

const MAX_PIDS = 20;

export class Remains {
  readonly #options: RemainsOptions;

  constructor(options: RemainsOptions) {
    this.#options = options;
  }

  /** Returns what runs of a session: by its cgroup, else by the keeper that its link has named. */
  async programsOf(session: SessionRow): Promise<SessionPrograms> {
    const { keepers, cgroups, table } = this.#options;
    const keeper = await keepers.of(session);
    const cgroup = await cgroups?.ofSession(session.id, session.uid);
    const inside = (await cgroup?.processes().catch(() => undefined)) ?? [];
    const processes = inside.length > 0 || keeper === 0 ? undefined : await table.read();
    const found = processes === undefined ? inside : processesOf([keeper], processes);
    const pids = found.filter((pid) => pid !== keeper && pid > 0).slice(0, MAX_PIDS);
    const isUnconfirmed = pids.length === 0 && !keepers.isNamed(session);
    return { pids, command: commandLine(session), isUnconfirmed };
  }

  /**
   * Returns the links of these Linux users, including removed ones whose processes are not known to be gone.
   */
  async linksOf(linuxUsers: readonly string[]): Promise<PresentLink[]> {
    const { registry, leftovers } = this.#options;
    const theirs = [...registry.all(), ...(await leftovers.present())].filter(({ linuxUser }) =>
      linuxUsers.includes(linuxUser),
    );
    return Promise.all(theirs.map(presenceOf));
  }
}

async function presenceOf({
  socket,
  linuxUser,
  row,
  connection,
  process,
  isRemoved,
}: Link): Promise<PresentLink> {
  const isUnconfirmed = connection === undefined && (await process?.life()) !== 'running';
  return { socket, linuxUser, pids: row.pid > 0 ? [row.pid] : [], isUnconfirmed, isRemoved };
}
