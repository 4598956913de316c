/**
 * Figures about this server's work, for its administrators: counts of calls, logins, revocations and
 * refusals, and resource usage. A call costs one more addition. Nothing is measured while nobody watches,
 * and all watchers share one measurement. Nothing is stored on disk, and refusals contain what the log
 * contains, but no secret.
 */
import { Condition } from '../async/condition.ts';
import type { Authority, TokenChange } from '../authority/authority.ts';
import type { RefusalKind, RefusalMessage } from '../log/refusal-log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import type { LinksUsage } from '../supervisor/usage.ts';
import { type CountedEvent, type Minute, PerMinuteCounters } from './per-minute-counters.ts';
import { RecentRefusals, type RefusalSum } from './recent-refusals.ts';

/** All figures at one moment. */
export interface ActivitySnapshot {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly tokens: number;
  /** Number of logins with a live token. */
  readonly logins: number;
  readonly links: number;
  /** Number of running sessions. */
  readonly sessions: number;
  /** The last hour by minute, oldest first. */
  readonly minutes: readonly Minute[];
  /** Newest first. */
  readonly refusals: readonly RefusalSum[];
  readonly server: ServerUsage;
  readonly linksUse: LinksUsage;
}

/** Resources that the server process uses. */
export interface ServerUsage {
  readonly pid: number;
  /** CPU time since the previous snapshot, as a share of one core; undefined in the first one. */
  readonly cpuShare: number | undefined;
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  /** Start of the server, in milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface ActivityOptions {
  readonly authority: Pick<Authority, 'changes' | 'count'>;
  readonly links: Pick<Links, 'usage'>;
  readonly sessions: Pick<Sessions, 'list'>;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 2_000;
const EVERYBODY = { login: '', seesAll: true };
/** Methods whose tokens are issued without a login. */
const NO_LOGIN = new Set(['link-daemon', 'local']);
const REVOKED = new Set(['revoked', 'logout']);

export class Activity implements Disposable {
  readonly #options: ActivityOptions;
  readonly #minutes = new PerMinuteCounters();
  readonly #refusals = new RecentRefusals();
  readonly #sinceMs: number;
  readonly #subscription: Disposable;
  /** Called for each watcher when there is a new snapshot or a failure. */
  readonly #watchers = new Set<() => void>();
  #latest: ActivitySnapshot | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isMeasuring = false;
  #timer: NodeJS.Timeout | undefined;
  #cpu: { readonly atMs: number; readonly usage: NodeJS.CpuUsage } | undefined;

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#sinceMs = options.now();
    this.#subscription = options.authority.changes.listen((change) => this.#countTokenChange(change));
  }

  /** Counts a call. */
  called(): void {
    this.#count('calls');
  }

  /** Counts a refusal, as it is logged. */
  readonly refused = (message: RefusalMessage, kind: RefusalKind): void => {
    this.#count('refusals');
    this.#refusals.add(message, kind, this.#options.now());
  };

  /**
   * Yields the latest snapshot at once and then each new one; skips those that are outdated before they are
   * consumed.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<ActivitySnapshot> {
    const changed = new Condition();
    const notify = (): void => changed.notify();
    this.#watchers.add(notify);
    signal.addEventListener('abort', notify, { once: true });
    let seen: ActivitySnapshot | undefined;
    try {
      if (this.#timer === undefined) this.#measure();
      while (!signal.aborted) {
        const latest = this.#latest;
        if (latest !== undefined && latest !== seen) {
          seen = latest;
          yield latest;
        } else if (this.#failure !== undefined) throw this.#failure.error;
        else await changed.wait();
      }
    } finally {
      signal.removeEventListener('abort', notify);
      this.#watchers.delete(notify);
      if (this.#watchers.size === 0) this.#reset();
    }
  }

  #count(what: CountedEvent): void {
    this.#minutes.count(what, this.#options.now());
  }

  #countTokenChange(change: TokenChange): void {
    if (change.kind === 'added' && !NO_LOGIN.has(change.claims.authMethod)) this.#count('logins');
    if (change.kind === 'removed' && REVOKED.has(change.why)) this.#count('revocations');
  }

  /** Measures every two seconds while somebody watches. */
  #measure(): void {
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    this.#timer = undefined;
    this.#failure = undefined;
    this.#snapshot()
      .then(
        (snapshot) => {
          this.#latest = snapshot;
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .finally(() => this.#measured());
  }

  #measured(): void {
    this.#isMeasuring = false;
    const { intervalMs = INTERVAL_MS } = this.#options;
    if (this.#watchers.size === 0) this.#reset();
    else if (this.#failure === undefined) this.#timer = setTimeout(() => this.#measure(), intervalMs).unref();
    for (const notify of [...this.#watchers]) notify();
  }

  /** Drops measurements that would be outdated for the next watcher. */
  #reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
    this.#cpu = undefined;
  }

  async #snapshot(): Promise<ActivitySnapshot> {
    const { authority, links, sessions, now } = this.#options;
    const [counts, running, linksUse] = await Promise.all([
      authority.count(),
      sessions.list(EVERYBODY, { state: 'running', pageSize: 1 }),
      links.usage(),
    ]);
    const atMs = now();
    return {
      atMs,
      ...counts,
      links: linksUse.links,
      sessions: running.total,
      minutes: this.#minutes.all(atMs),
      refusals: this.#refusals.all(),
      server: this.#serverUsage(),
      linksUse,
    };
  }

  #serverUsage(): ServerUsage {
    const before = this.#cpu;
    const atMs = performance.now();
    this.#cpu = { atMs, usage: process.cpuUsage() };
    const { user, system } = process.cpuUsage(before?.usage);
    const cpuShare = before && (user + system) / 1000 / (atMs - before.atMs);
    const memoryBytes = process.memoryUsage.rss();
    return { pid: process.pid, cpuShare, memoryBytes, sinceMs: this.#sinceMs };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#reset();
  }
}
