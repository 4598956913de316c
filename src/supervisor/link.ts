/** One link as the daemon knows it: its stored row, its process, and its connection while there is one. */
import type { LoginSettings } from '../accounts/login-settings.ts';
import type { LinkRow, LinkState } from '../store/schema.ts';
import type { LinkCgroup } from './cgroups/link-cgroup.ts';
import type { Greeted } from './connection/handshake.ts';
import { LinkConnection } from './connection/link-connection.ts';
import type { LinkEvents } from './connection/link-events.ts';
import type { ListeningProcess } from './lifecycle/listening-process.ts';
import type { LinkInfo } from './link-info.ts';

export class Link {
  readonly #row: LinkRow;
  /** Settings that logins of its account got when it was started; undefined for one of an earlier version. */
  readonly loginSettings: LoginSettings | undefined;
  #connection: LinkConnection | undefined;
  /**
   * The listening process as the kernel reports it, owned by this link; undefined when it is unknown or has
   * ended.
   */
  process: ListeningProcess | undefined;
  /** Its cgroup, when sudo has started it and the host delegates cgroups to the server. */
  cgroup: LinkCgroup | undefined;
  /** Nonce of the connection's Hello. */
  nonce: Buffer = Buffer.alloc(0);
  /** Delay before the next connection, in milliseconds; longer each time the link disconnects soon. */
  pauseMs: number | undefined;
  /** Starts nothing new. */
  isRetiring: boolean;
  /** Has announced that it exits. */
  isLeaving = false;
  /** Is being ended by code that takes care of the rest. */
  isEnding = false;
  /** Has been removed: must no longer be stored or shown. */
  isRemoved = false;

  constructor(row: LinkRow) {
    const { login_settings: settings } = row;
    this.#row = row;
    this.loginSettings = settings === null ? undefined : (JSON.parse(settings) as LoginSettings);
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

  /** Running sessions with their keepers' pids, as the link has named them last. */
  get running(): ReadonlyMap<string, number> {
    return this.#connection?.running ?? new Map();
  }

  get state(): LinkState {
    if (!this.connection) return 'lost';
    return this.isRetiring ? 'retiring' : 'ready';
  }

  /** Returns the row to store. A link that retires goes on doing so after a restart, connected or not. */
  get row(): LinkRow {
    const state = this.isRetiring ? 'retiring' : this.state;
    return { ...this.#row, pid: this.process?.pid ?? this.#row.pid, state };
  }

  get info(): LinkInfo {
    const { socket, uid, linux_user: linuxUser, jti, pid, version, created_at: createdAtMs } = this.row;
    const { state } = this;
    const sessions = this.running.size;
    return { socket, uid, linuxUser, jti, daemon: this.daemon, pid, state, version, createdAtMs, sessions };
  }

  /** Takes over a connection whose listening `process` in `cgroup` has sent Hello. */
  connect(
    { channel, hello }: Greeted,
    { process, cgroup }: { process: ListeningProcess | undefined; cgroup: LinkCgroup | undefined },
    events: LinkEvents,
  ): LinkConnection {
    this.process?.[Symbol.dispose]();
    this.process = process;
    this.cgroup = cgroup;
    this.nonce = hello.nonce;
    const confine = cgroup && ((id: string, keeper: number) => cgroup.confine(id, keeper, this.uid));
    this.#connection = new LinkConnection(channel, () => this.info, events, { confine, knows: hello });
    return this.#connection;
  }
}
