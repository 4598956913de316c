/**
 * What goes on in this server, for those who look after it. It promises that a call costs an addition more, that
 * nothing is measured while nobody watches, and that all watchers together cost what one does. It keeps nothing on the
 * disk, holds nobody up who works, and tells of refusals what the log tells, and no secret.
 */
import type { Authority, TokenChange } from '../authority/authority.ts';
import type { RefusalKind } from '../log/refusal-log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Links } from '../supervisor/links.ts';
import type { LinksUsage } from '../supervisor/usage.ts';
import { type Counted, type Minute, PerMinuteCounters } from './per-minute-counters.ts';
import { RecentRefusals, type RefusalSum } from './recent-refusals.ts';

/** Everything at one moment. */
export interface Picture {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly tokens: number;
  /** With a live token. */
  readonly logins: number;
  readonly links: number;
  /** Running ones. */
  readonly sessions: number;
  /** The oldest first. */
  readonly minutes: readonly Minute[];
  /** The latest first. */
  readonly refusals: readonly RefusalSum[];
  readonly server: ServerUse;
  readonly linksUse: LinksUsage;
}

/** What this process uses. */
export interface ServerUse {
  readonly pid: number;
  /** Of one core, since the picture before; undefined in a first one. */
  readonly cpuShare: number | undefined;
  readonly memoryBytes: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
}

export interface ActivityOptions {
  readonly authority: Pick<Authority, 'changes' | 'count'>;
  readonly links: Pick<Links, 'use'>;
  readonly sessions: Pick<Sessions, 'list'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly everyMs?: number;
}

const EVERY_MS = 2_000;
const EVERYBODY = { login: '', seesAll: true };
/** Tokens that nobody has logged in for. */
const NO_LOGIN = new Set(['link-daemon', 'local']);
const REVOKED = new Set(['revoked', 'logout']);

export class Activity implements Disposable {
  readonly #options: ActivityOptions;
  readonly #minutes = new PerMinuteCounters();
  readonly #refusals = new RecentRefusals();
  readonly #sinceMs: number;
  readonly #listening: Disposable;
  /** One for each watcher, to be called when there is something new. */
  readonly #watchers = new Set<() => void>();
  #latest: Picture | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isLooking = false;
  #timer: NodeJS.Timeout | undefined;
  #cpu: { readonly atMs: number; readonly usage: NodeJS.CpuUsage } | undefined;

  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#sinceMs = options.now();
    this.#listening = options.authority.changes.listen((change) => this.#token(change));
  }

  /** A call has begun. */
  called(): void {
    this.#count('calls');
  }

  /** Something has been refused, as it is told in the log. */
  readonly refused = (what: string, kind: RefusalKind): void => {
    this.#count('refusals');
    this.#refusals.add(what, kind, this.#options.now());
  };

  /** The latest picture at once, and each new one, but those that are over before they are asked for. */
  async *watch(signal: AbortSignal): AsyncGenerator<Picture> {
    let wake: (() => void) | undefined;
    const told = (): void => wake?.();
    this.#watchers.add(told);
    signal.addEventListener('abort', told, { once: true });
    let seen: Picture | undefined;
    try {
      if (this.#timer === undefined) this.#look();
      while (!signal.aborted) {
        const latest = this.#latest;
        if (latest !== undefined && latest !== seen) {
          seen = latest;
          yield latest;
        } else if (this.#failure !== undefined) throw this.#failure.error;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener('abort', told);
      this.#watchers.delete(told);
      if (this.#watchers.size === 0) this.#rest();
    }
  }

  #count(what: Counted): void {
    this.#minutes.count(what, this.#options.now());
  }

  #token(change: TokenChange): void {
    if (change.kind === 'added' && !NO_LOGIN.has(change.claims.authMethod)) this.#count('logins');
    if (change.kind === 'removed' && REVOKED.has(change.why)) this.#count('revocations');
  }

  /** Makes pictures until nobody watches. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timer = undefined;
    this.#failure = undefined;
    this.#picture()
      .then(
        (picture) => {
          this.#latest = picture;
        },
        (error: unknown) => {
          this.#failure = { error };
        },
      )
      .finally(() => this.#looked());
  }

  #looked(): void {
    this.#isLooking = false;
    const { everyMs = EVERY_MS } = this.#options;
    if (this.#watchers.size === 0) this.#rest();
    else if (this.#failure === undefined) this.#timer = setTimeout(() => this.#look(), everyMs).unref();
    for (const tell of [...this.#watchers]) tell();
  }

  /** Forgets what would be old when somebody watches again. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
    this.#cpu = undefined;
  }

  async #picture(): Promise<Picture> {
    const { authority, links, sessions, now } = this.#options;
    const [counts, running, linksUse] = await Promise.all([
      authority.count(),
      sessions.list(EVERYBODY, { state: 'running', pageSize: 1 }),
      links.use(),
    ]);
    const atMs = now();
    return {
      atMs,
      ...counts,
      links: linksUse.links,
      sessions: running.total,
      minutes: this.#minutes.all(atMs),
      refusals: this.#refusals.all(),
      server: this.#serverUse(),
      linksUse,
    };
  }

  #serverUse(): ServerUse {
    const before = this.#cpu;
    const atMs = performance.now();
    this.#cpu = { atMs, usage: process.cpuUsage() };
    const { user, system } = process.cpuUsage(before?.usage);
    const cpuShare = before && (user + system) / 1000 / (atMs - before.atMs);
    const memoryBytes = process.memoryUsage.rss();
    return { pid: process.pid, cpuShare, memoryBytes, sinceMs: this.#sinceMs };
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
    this.#rest();
  }
}
