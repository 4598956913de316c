/** One link as the daemon knows it: what is kept of it, the process, and the connection while there is one. */
import type { LinkRow, LinkState } from '../store/schema.ts';
import type { LinkCgroup } from './cgroups/link-cgroup.ts';
import type { Greeted } from './connection/handshake.ts';
import { LinkConnection, type LinkEvents } from './connection/link-connection.ts';
import type { ListeningProcess } from './lifecycle/listening-process.ts';
import type { LinkInfo } from './link-info.ts';

export class Link {
  readonly #row: LinkRow;
  #connection: LinkConnection | undefined;
  /** The process that listens, as the kernel named it; undefined when it has not been asked, or has ended. */
  process: ListeningProcess | undefined;
  /** Where its processes are, when sudo has started it and the host has cgroups for us. */
  cgroup: LinkCgroup | undefined;
  /** Of the connection's Hello. */
  nonce: Buffer = Buffer.alloc(0);
  /** How long to wait before it is looked for again, in ms: longer each time that it hangs up soon. */
  restMs: number | undefined;
  /** Takes no new starts. */
  isRetiring: boolean;
  /** Has said that it ends. */
  isLeaving = false;
  /** Is being ended by somebody who will see to the rest. */
  isEnding = false;
  /** Is no link any more: nothing of it may be stored or shown. */
  isOver = false;

  constructor(row: LinkRow) {
    this.#row = row;
    this.isRetiring = row.state === 'retiring';
  }

  get socket(): string {
    return this.#row.socket;
  }

  get uid(): number {
    return this.#row.uid;
  }

  get linuxUser(): string {
    return this.#row.linux_user;
  }

  get jti(): string {
    return this.#row.jti;
  }

  get daemon(): boolean {
    return this.#row.daemon === 1;
  }

  /** The connection, while it is open. */
  get connection(): LinkConnection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  get state(): LinkState {
    if (!this.connection) return 'lost';
    return this.isRetiring ? 'retiring' : 'ready';
  }

  /** What is kept of it now. */
  get row(): LinkRow {
    return { ...this.#row, pid: this.process?.pid ?? this.#row.pid, state: this.state };
  }

  get info(): LinkInfo {
    const {
      socket,
      uid,
      linux_user: linuxUser,
      jti,
      pid,
      state,
      version,
      created_at: createdAtMs,
    } = this.row;
    const sessions = this.#connection?.running.size ?? 0;
    return { socket, uid, linuxUser, jti, daemon: this.daemon, pid, state, version, createdAtMs, sessions };
  }

  /** Takes the connection on which `process`, which is in `cgroup`, has said Hello for its own. */
  connect(
    { channel, hello }: Greeted,
    { process, cgroup }: { process: ListeningProcess | undefined; cgroup: LinkCgroup | undefined },
    events: LinkEvents,
  ): LinkConnection {
    this.process = process;
    this.cgroup = cgroup;
    this.nonce = hello.nonce;
    const confine = cgroup && ((id: string, keeper: number) => cgroup.confine(id, keeper, this.uid));
    this.#connection = new LinkConnection(channel, () => this.info, events, confine);
    return this.#connection;
  }
}
