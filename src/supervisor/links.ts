/**
 * The daemon's side of links. A start only goes to a process that, according to the kernel, belongs to
 * its user; at most one link daemon of a user accepts new starts (F9); and a token's link ends with the
 * token. The daemon never sends a byte to a listener that it has not verified, and never accepts an
 * owner, a login or another's session from a link's claims.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AccountChecks } from '../accounts/account-checks.ts';
import type { EligibleSettings } from '../accounts/eligible.ts';
import type { LoginSettings } from '../accounts/login-settings.ts';
import type { UserEntry } from '../accounts/user-database.ts';
import { chunksOf } from '../async/chunks-of.ts';
import type { Authority } from '../authority/authority.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import { allLinks } from '../store/tables/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { CgroupTree } from './cgroups/cgroup-tree.ts';
import type { LinkConnection } from './connection/link-connection.ts';
import { LinkRefusal } from './connection/link-error.ts';
import { endLink } from './lifecycle/end-link.ts';
import type { EndResult } from './lifecycle/end-result.ts';
import { Keepers } from './lifecycle/keepers.ts';
import { OutdatedDaemons } from './lifecycle/outdated-daemons.ts';
import { ProcessTable } from './lifecycle/process-table.ts';
import { Remains } from './lifecycle/remains.ts';
import { Supervision } from './lifecycle/supervision.ts';
import { TokenRenewal } from './lifecycle/token-renewal.ts';
import { Link } from './link.ts';
import { LinkChoice } from './link-choice.ts';
import { type LinkChange, type LinkInfo, noSuchLink } from './link-info.ts';
import { type LinkQuery, pageOfLinks } from './listing.ts';
import { type LinkObserver, Observers } from './observer.ts';
import { LinksFolder } from './registration/links-folder.ts';
import { type RegisterRequest, Registration } from './registration/registration.ts';
import { RegistrationLimit } from './registration/registration-limit.ts';
import { checkSocketName } from './registration/socket-name.ts';
import { removeStale } from './registration/stale-sockets.ts';
import { LinkRegistry } from './registry.ts';
import { SessionProcesses } from './session-processes.ts';
import type { CleanupLink } from './starters/cleanup-link.ts';
import { DaemonStarts } from './starters/daemon-starts.ts';
import type { Starter } from './starters/starter.ts';
import { LinkMeter, type LinksUsage } from './usage.ts';

export interface LinkSettings {
  readonly eligible: EligibleSettings;
  /** True when links may register that the server has not started: `latchkey link` is then a login method. */
  readonly manualLinks: boolean;
  /** The login method by which a person can start a link daemon (F18), if that is enabled. */
  readonly startMethod?: 'ssh' | undefined;
}

export interface LinksOptions {
  readonly store: Store;
  readonly authority: Authority;
  readonly accounts: Pick<AccountChecks, 'check'>;
  /** Folder of the links' sockets. */
  readonly linksFolder: string;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => LinkSettings;
  /** The cgroups of links started by sudo, when the host delegates them. */
  readonly cgroups?: CgroupTree | undefined;
  /** Ends sessions of users without a link; there is no way for those when undefined. */
  readonly cleanup?: CleanupLink | undefined;
  /** Returns the way to start a link daemon for a user who has none, if there is one now. */
  readonly starter?: () => Starter | undefined;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

interface ExpectedDaemon {
  readonly uid: number;
  readonly loginSettings: LoginSettings | undefined;
}

const CLEAN_MS = 300_000;
const RESUMED_AT_ONCE = 64;
/** Time that the daemon's start waits for links; after that it reconnects to them in the background. */
const RESUME_MS = 3_000;

export class Links implements AsyncDisposable {
  /** The processes of sessions, as the server itself sees them. */
  readonly processes: SessionProcesses;
  readonly #options: LinksOptions;
  readonly #folder: LinksFolder;
  readonly #registry: LinkRegistry;
  readonly #observers: Observers;
  readonly #supervision: Supervision;
  readonly #registration: Registration;
  readonly #limit = new RegistrationLimit();
  readonly #meter = new LinkMeter();
  /** Link daemons that are being started. */
  readonly #expected = new Set<ExpectedDaemon>();
  readonly #remains: Remains;
  readonly #daemonStarts: DaemonStarts;
  readonly #choice: LinkChoice;
  readonly #renewal: TokenRenewal;
  readonly #outdatedDaemons: OutdatedDaemons;
  readonly #stopping = new AbortController();
  readonly #cleanTimer: NodeJS.Timeout;
  #cleaning: Promise<void> | undefined;

  private constructor(options: LinksOptions, folder: LinksFolder) {
    const { store, authority, accounts, settings, starter = () => undefined, now, log } = options;
    this.#options = options;
    this.#folder = folder;
    this.#registry = new LinkRegistry(store, log);
    this.#observers = new Observers((error) => {
      const isLinks = isAppError(error, 'LINK_LOST') || error instanceof LinkRefusal;
      const level = isLinks || this.#stopping.signal.aborted ? 'debug' : 'error';
      log[level]({ err: error }, 'cannot process an event of a link');
    });
    const common = {
      store,
      authority,
      registry: this.#registry,
      observers: this.#observers,
      keepers: new Keepers(this.#registry, store),
      table: new ProcessTable(),
      cgroups: options.cgroups,
      settings,
      now,
      log,
    };
    this.processes = new SessionProcesses({
      ...common,
      cleanup: options.cleanup,
      linkOf: ({ socket, uid }) => this.forSocket(socket ?? '') ?? this.forUid(uid),
    });
    const stopping = this.#stopping.signal;
    this.#supervision = new Supervision({ ...common, folder, stopping });
    this.#remains = new Remains({ ...common, leftovers: this.#supervision.leftovers });
    this.#registration = new Registration({ ...common, folder, supervision: this.#supervision });
    this.#renewal = new TokenRenewal(common);
    this.#daemonStarts = new DaemonStarts({
      ...common,
      starter,
      present: ({ name, uid }) => {
        const link = this.#registry.accepting(name);
        return link?.uid === uid ? link : undefined;
      },
      expectDaemon: (uid, loginSettings) => this.expectDaemon(uid, loginSettings),
    });
    this.#choice = new LinkChoice({ ...common, accounts, daemonStarts: this.#daemonStarts });
    this.#outdatedDaemons = new OutdatedDaemons({ ...common, daemonStarts: this.#daemonStarts });
    this.#cleanTimer = setInterval(() => this.#cleanFolder(), CLEAN_MS).unref();
  }

  /**
   * Reconnects to the links of an earlier daemon; to those that do not answer at once, in the background.
   * Removes sockets without a listener.
   */
  static async open(options: LinksOptions): Promise<Links> {
    const links = new Links(options, await LinksFolder.open(options.linksFolder));
    const rows = await options.store.read((db) => allLinks(db));
    const known = rows.map((row) => new Link(row));
    for (const link of known) {
      links.#registry.add(link);
      links.#limit.remember(link.socket);
    }
    const waited = new AbortController();
    const timeout = delay(RESUME_MS, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([links.#findAll(known), timeout]);
    waited.abort();
    links.#cleanFolder();
    return links;
  }

  /** Feed of changes to links. */
  get changes(): Feed<LinkChange> {
    return this.#registry.changes;
  }

  /**
   * Makes the process that listens on a socket in the folder of links a link of `callerUid`'s account, and
   * gives it its token. Throws INVALID_ARGUMENT for a malformed name, LINK_REFUSED, NOT_ELIGIBLE,
   * TOKEN_NOT_ACTIVE, LINK_LOST, LIMIT_EXCEEDED.
   */
  async register(request: RegisterRequest, callerUid: number): Promise<{ jti: string }> {
    if (this.#stopping.signal.aborted) throw new AppError('UNAVAILABLE', 'the server is stopping; try again');
    checkSocketName(request.socket, callerUid);
    const expected = [...this.#expected].find(({ uid }) => request.daemon && uid === callerUid);
    if (!this.allowsManualLinks && expected === undefined)
      throw new AppError(
        'LINK_REFUSED',
        'this server does not allow starting links by hand; log in with: latchkey login',
      );
    const { leftovers } = this.#supervision;
    const existing = this.#registry.ofUid(callerUid).length + leftovers.countOf(callerUid);
    return this.#limit.run(request.socket, callerUid, existing, () =>
      this.#registration.register(request, callerUid, expected?.loginSettings),
    );
  }

  /** True when `latchkey link` is a login method. */
  get allowsManualLinks(): boolean {
    return this.#options.settings().manualLinks;
  }

  /**
   * Allows a link daemon of `uid` to register until disposed, because it is being started, with what logins
   * got before.
   */
  expectDaemon(uid: number, loginSettings?: LoginSettings): Disposable {
    const expected = { uid, loginSettings };
    this.#expected.add(expected);
    return { [Symbol.dispose]: () => void this.#expected.delete(expected) };
  }

  /** Returns the link that serves a token: see link-choice.ts. */
  forClaims(claims: TokenClaims, uid: number | undefined): LinkConnection {
    return this.#choice.forClaims(claims, uid);
  }

  /** The same, and starts a link daemon when there is none: see link-choice.ts. */
  obtain(claims: TokenClaims): Promise<LinkConnection> {
    return this.#choice.obtain(claims);
  }

  /** Replaces a link that was started with something else than logins get now: see link-choice.ts. */
  refresh(claims: TokenClaims, link: LinkInfo): Promise<void> {
    return this.#choice.refresh(claims, link);
  }

  /** Makes sure that a token can start programs; returns the link. Throws what the three above throw. */
  async start(claims: TokenClaims): Promise<LinkConnection> {
    const { info } = await this.obtain(claims);
    await this.refresh(claims, info);
    return this.forClaims(claims, info.uid);
  }

  /** True when the server itself can start link daemons. */
  get startsDaemons(): boolean {
    return this.#daemonStarts.isPossible;
  }

  /** Returns true when `user` has a link daemon that responds and has what logins get now. */
  hasFreshDaemon(user: UserEntry): Promise<boolean> {
    return this.#daemonStarts.hasFresh(user);
  }

  /**
   * Makes sure that `user` has such a link daemon; `start` is called to start one when the server
   * cannot or must not. Returns true when it was called. Throws what `start` throws.
   */
  ensureDaemon(user: UserEntry, start: () => Promise<void>): Promise<boolean> {
    return this.#daemonStarts.ensureWith(user, start);
  }

  /** Returns a connected link of `uid`: the one that accepts new starts, else any. */
  forUid(uid: number): LinkConnection | undefined {
    const links = this.#registry.ofUid(uid).filter((link) => link.connection && !link.isEnding);
    const best = links.find((link) => this.#registry.accepting(link.linuxUser) === link);
    return (best ?? links.find((link) => !link.isRetiring) ?? links[0])?.connection;
  }

  /** Returns the connected link daemon of this Linux user that accepts new starts. */
  acceptingDaemon({
    name,
    uid,
  }: {
    readonly name: string;
    readonly uid: number;
  }): LinkConnection | undefined {
    const link = this.#registry.accepting(name);
    return link?.uid === uid ? link.connection : undefined;
  }

  /**
   * Marks a link whose token has been revoked as ending: nothing is started on it, and its connection is not
   * restored. Returns the function that ends it, even if it is lost meanwhile; with `everything` that
   * function also ends the processes that the link started, if they are in its cgroup. Undefined for an
   * unknown link.
   */
  prepareEnd(socket: string): ((everything: boolean) => Promise<EndResult>) | undefined {
    const link = this.#registry.get(socket);
    if (!link) return undefined;
    link.isEnding = true;
    return (everything) => endLink(link, everything, this.#supervision);
  }

  /** The server's look at what still runs. */
  get remains(): Remains {
    return this.#remains;
  }

  /** Returns the link with this socket, while it is connected. */
  forSocket(socket: string): LinkConnection | undefined {
    return this.#registry.get(socket)?.connection;
  }

  /** Returns the uids that have links. */
  uids(): Set<number> {
    return new Set(Array.from(this.#registry.all(), ({ uid }) => uid));
  }

  /** Returns all link daemons of this Linux user, including those that are retiring. */
  daemonsOf(linuxUser: string): LinkInfo[] {
    const all = Array.from(this.#registry.all(), ({ info }) => info);
    return all.filter((link) => link.daemon && link.linuxUser === linuxUser);
  }

  /** Returns the ids of the tokens of all links. */
  jtis(): Set<string> {
    return new Set(Array.from(this.#registry.all(), ({ jti }) => jti));
  }

  /** Returns the link with this socket, connected or not. */
  find(socket: string): LinkInfo | undefined {
    return this.#registry.get(socket)?.info;
  }

  /** Returns true when there is a link with this socket, connected or not. */
  isKnown(socket: string): boolean {
    return this.#registry.get(socket) !== undefined;
  }

  /** Returns one page of links. Throws INVALID_ARGUMENT. */
  async list(query: LinkQuery): Promise<Page<LinkInfo>> {
    return pageOfLinks(
      Array.from(this.#registry.all(), ({ info }) => info),
      query,
    );
  }

  /**
   * Measures the resource usage of all links. The cost grows with their number: for calls every few
   * seconds, not for each request.
   */
  usage(): Promise<LinksUsage> {
    return this.#meter.measure([...this.#registry.all()]);
  }

  /** Throws NOT_FOUND. */
  get(socket: string): LinkInfo {
    const link = this.find(socket);
    if (!link) throw noSuchLink();
    return link;
  }

  /**
   * Calls `observer` for every link from now on, including those that are ready already.
   */
  observe(observer: LinkObserver): void {
    this.#observers.add(observer);
    for (const { connection } of this.#registry.all()) {
      if (connection) void this.#observers.tellOne(observer, (it) => it.ready?.(connection));
    }
  }

  /** Resolves when all ends of sessions reported so far have been recorded. */
  settled(): Promise<void> {
    return this.#observers.settled();
  }

  async #findAll(links: readonly Link[]): Promise<void> {
    for (const some of chunksOf(links, RESUMED_AT_ONCE))
      await Promise.all(some.map((link) => this.#supervision.find(link)));
  }

  /** Runs one cleanup at a time in the background, since users can fill the folder. */
  #cleanFolder(): void {
    const { now, log } = this.#options;
    const isKnown = (name: string): boolean => this.isKnown(name);
    this.#cleaning ??= removeStale(this.#folder, isKnown, now(), this.#stopping.signal)
      .then(() => this.#options.cgroups?.removeEmpty())
      .catch((error: unknown) => log.warn({ err: error }, 'cannot clean the folder of links'))
      .finally(() => {
        this.#cleaning = undefined;
      });
  }

  /** Disconnects from all links; they keep running, and the next daemon finds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#cleanTimer);
    this.#renewal[Symbol.dispose]();
    this.#outdatedDaemons[Symbol.dispose]();
    this.#supervision[Symbol.dispose]();
    for (const { connection } of this.#registry.all()) connection?.close('the server is stopping');
    await this.#observers.settled();
    await this.#cleaning;
    await this.#folder[Symbol.asyncDispose]();
  }
}
