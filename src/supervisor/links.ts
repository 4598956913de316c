/**
 * The daemon's side of links. It promises that a start goes only to a process which the kernel says
 * is its user's, that at most one link daemon of a user takes new starts (F9), and that a token's
 * link ends with the token. It never sends a byte to a listener it has not verified, and never
 * takes an owner, a login or another's session from what a link says.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EligibleSettings } from '../accounts/eligible.ts';
import type { Authority } from '../authority/authority.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import type { SessionRow } from '../store/schema.ts';
import { allLinks } from '../store/tables/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { CgroupTree } from './cgroups/cgroup-tree.ts';
import type { LinkConnection } from './connection/link-connection.ts';
import { endLink } from './lifecycle/end-link.ts';
import type { EndResult } from './lifecycle/end-result.ts';
import { endSession } from './lifecycle/end-session.ts';
import { OutdatedDaemons } from './lifecycle/outdated-daemons.ts';
import { Supervision } from './lifecycle/supervision.ts';
import { TokenRenewal } from './lifecycle/token-renewal.ts';
import { Link } from './link.ts';
import type { LinkChange, LinkInfo } from './link-info.ts';
import { type LinkQuery, pageOfLinks } from './listing.ts';
import { type LinkObserver, Observers } from './observer.ts';
import { LinksFolder } from './registration/links-folder.ts';
import { type RegisterRequest, Registration } from './registration/registration.ts';
import { RegistrationLimit } from './registration/registration-limit.ts';
import { checkSocketName } from './registration/socket-name.ts';
import { sweep } from './registration/stale-sockets.ts';
import { LinkRegistry } from './registry.ts';
import { DaemonStarts } from './starters/daemon-starts.ts';
import type { Starter } from './starters/starter.ts';
import { LinkMeter, type LinksUsage } from './usage.ts';

export interface LinkSettings {
  readonly eligible: EligibleSettings;
  /** Whether a link may register that nobody here has started: a way to log in. */
  readonly byHand: boolean;
}

export interface LinksOptions {
  readonly store: Store;
  readonly authority: Authority;
  /** The folder in which links make their sockets. */
  readonly linksFolder: string;
  /** What holds now: it may change while the daemon runs. */
  readonly settings: () => LinkSettings;
  /** Where links that sudo starts are kept, where the host has that for us. */
  readonly cgroups?: CgroupTree | undefined;
  /** How a link daemon is started for a user who has none, if that can be done now. */
  readonly starter?: () => Starter | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

const SWEEP_MS = 300_000;
const RESUMED_AT_ONCE = 64;
/** How long a start of the daemon waits for links that do not answer; longer they are looked for meanwhile. */
const RESUME_MS = 3_000;

export class Links implements AsyncDisposable {
  readonly #options: LinksOptions;
  readonly #folder: LinksFolder;
  readonly #registry: LinkRegistry;
  readonly #observers: Observers;
  readonly #supervision: Supervision;
  readonly #registration: Registration;
  readonly #limit = new RegistrationLimit();
  readonly #meter = new LinkMeter();
  /** Uids whose link daemon is being started, once for each start. */
  readonly #expected: number[] = [];
  readonly #renewal: TokenRenewal;
  readonly #replacement: OutdatedDaemons;
  readonly #stopping = new AbortController();
  readonly #sweepTimer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  /** Starts link daemons of users who have none. */
  readonly daemonStarts: DaemonStarts;

  private constructor(options: LinksOptions, folder: LinksFolder) {
    const { store, authority, settings, starter = () => undefined, cgroups, now, log } = options;
    this.#options = options;
    this.#folder = folder;
    this.#registry = new LinkRegistry(store, log);
    this.#observers = new Observers((error) => {
      const level = isAppError(error, 'LINK_LOST') || this.#stopping.signal.aborted ? 'debug' : 'error';
      log[level]({ err: error }, 'what a link told was not dealt with');
    });
    const common = {
      store,
      authority,
      registry: this.#registry,
      observers: this.#observers,
      cgroups,
      settings,
      now,
      log,
    };
    const stopping = this.#stopping.signal;
    this.#supervision = new Supervision({ ...common, folder, stopping });
    this.#registration = new Registration({ ...common, folder, supervision: this.#supervision });
    this.#renewal = new TokenRenewal(common);
    this.daemonStarts = new DaemonStarts({
      ...common,
      starter,
      has: ({ name, uid }) => this.#registry.accepting(name)?.uid === uid,
      expect: (uid) => this.expect(uid),
    });
    this.#replacement = new OutdatedDaemons({ ...common, daemonStarts: this.daemonStarts });
    this.#sweepTimer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /**
   * Finds the links of an earlier daemon again; those that do not answer at once are looked for in
   * the background, and so are sockets of nobody, which are removed.
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
    const patience = delay(RESUME_MS, undefined, { signal: waited.signal }).catch(() => undefined);
    await Promise.race([links.#findAll(known), patience]);
    waited.abort();
    links.#sweep();
    return links;
  }

  /** What becomes of links, as it happens. */
  get changes(): Feed<LinkChange> {
    return this.#registry.changes;
  }

  /**
   * Makes the process that listens on a socket in the folder of links a link of `callerUid`'s account,
   * and hands it its token. Throws INVALID_ARGUMENT for what
   * is no name, LINK_REFUSED, NOT_ELIGIBLE, TOKEN_NOT_ACTIVE, LINK_LOST, LIMIT_EXCEEDED.
   */
  async register(request: RegisterRequest, callerUid: number): Promise<{ jti: string }> {
    if (this.#stopping.signal.aborted) throw new AppError('UNAVAILABLE', 'the daemon stops; try again');
    checkSocketName(request.socket, callerUid);
    if (!this.isOpenByHand && !(request.daemon && this.#expected.includes(callerUid)))
      throw new AppError('LINK_REFUSED', 'links cannot be begun by hand here; log in with: latchkey login');
    const has = this.#registry.ofUid(callerUid).length;
    return this.#limit.run(request.socket, callerUid, has, () =>
      this.#registration.register(request, callerUid),
    );
  }

  /** Whether `latchkey link` is a way to log in. */
  get isOpenByHand(): boolean {
    return this.#options.settings().byHand;
  }

  /** Until disposed a link daemon of `uid` may register in any case: it is being started. */
  expect(uid: number): Disposable {
    this.#expected.push(uid);
    return { [Symbol.dispose]: () => void this.#expected.splice(this.#expected.indexOf(uid), 1) };
  }

  /**
   * The link that does what a token asks for (F11): the token's own, or the link daemon of its Linux user,
   * who had `uid` when it was made. Throws LINK_LOST when it is gone or does not answer, LINK_REQUIRED when
   * that user has none.
   */
  forClaims(claims: TokenClaims, uid: number | undefined): LinkConnection {
    if (claims.socket !== undefined) return this.#ownLink(claims.socket, claims.jti);
    if (claims.user === undefined) {
      throw new AppError(
        'LINK_REQUIRED',
        'this login is not that of a Linux user, so it cannot run programs',
      );
    }
    const link = this.#registry.accepting(claims.user);
    if (link?.uid !== uid) throw this.#linkRequired(claims.user);
    if (link?.connection) return link.connection;
    throw new AppError('LINK_LOST', `the link daemon of ${claims.user} does not answer; try again`);
  }

  #linkRequired(linuxUser: string): AppError {
    const next = this.isOpenByHand
      ? 'run there, as that user: latchkey link --daemon'
      : 'log in again: latchkey login';
    const message = `${linuxUser} has no link daemon on this host; ${next}`;
    return new AppError('LINK_REQUIRED', message, { details: { linux_user: linuxUser } });
  }

  /** As `forClaims`, once a link daemon has been started where there was none (F19). Throws also NOT_ELIGIBLE, UNAVAILABLE. */
  async obtain(claims: TokenClaims): Promise<LinkConnection> {
    const { jti, socket, user: name } = claims;
    const uid = await this.#options.authority.uidOf(jti);
    if (socket === undefined && name !== undefined && uid !== undefined)
      await this.daemonStarts.ensure({ name, uid });
    return this.forClaims(claims, uid);
  }

  /** A link of `uid` that answers: the one that takes new starts, else any. */
  forUid(uid: number): LinkConnection | undefined {
    const links = this.#registry.ofUid(uid).filter((link) => link.connection && !link.isEnding);
    const best = links.find((link) => this.#registry.accepting(link.linuxUser) === link);
    return (best ?? links.find((link) => !link.isRetiring) ?? links[0])?.connection;
  }

  /** Whether the Linux user of this name and uid has a link daemon that answers and takes new starts. */
  takesStarts({ name, uid }: { readonly name: string; readonly uid: number }): boolean {
    const link = this.#registry.accepting(name);
    return link?.uid === uid && link.connection !== undefined;
  }

  /** From now on nothing is started on a link that is about to end, and nobody looks for it when it goes. */
  expectEnd(socket: string): void {
    const link = this.#registry.get(socket);
    if (link) link.isEnding = true;
  }

  /** Ends a link, with `everything` that it started where the kernel can tell. Its token has ended before. */
  async end(socket: string, { everything }: { readonly everything: boolean }): Promise<EndResult> {
    const link = this.#registry.get(socket);
    if (!link) return { isOver: false, processes: 0, survivors: [] };
    return endLink(link, everything, this.#supervision);
  }

  /** Ends a session of this host, through the link that looks after it as far as that answers. */
  async endSession(session: SessionRow, graceMs: number): Promise<EndResult> {
    const link = this.forSocket(session.socket ?? '');
    const cgroup = await this.#options.cgroups?.ofSession(session.id, session.uid);
    return endSession({ link, cgroup }, session, graceMs);
  }

  /** The link with this socket, while it answers. */
  forSocket(socket: string): LinkConnection | undefined {
    return this.#registry.get(socket)?.connection;
  }

  /** Whose links there are. */
  uids(): Set<number> {
    return new Set(Array.from(this.#registry.all(), ({ uid }) => uid));
  }

  /** All links of this Linux user that are link daemons, retiring ones included. */
  daemonsOf(linuxUser: string): LinkInfo[] {
    const all = Array.from(this.#registry.all(), ({ info }) => info);
    return all.filter((link) => link.daemon && link.linuxUser === linuxUser);
  }

  /** The ids of the tokens of all links. */
  jtis(): Set<string> {
    return new Set(Array.from(this.#registry.all(), ({ jti }) => jti));
  }

  /** The link with this socket, even if it does not answer just now. */
  find(socket: string): LinkInfo | undefined {
    return this.#registry.get(socket)?.info;
  }

  /** Whether there is a link with this socket, even if it does not answer just now. */
  isKnown(socket: string): boolean {
    return this.#registry.get(socket) !== undefined;
  }

  /** One page of links. Throws INVALID_ARGUMENT. */
  async list(query: LinkQuery): Promise<Page<LinkInfo>> {
    return pageOfLinks(
      Array.from(this.#registry.all(), ({ info }) => info),
      query,
    );
  }

  /** What all links use. It costs the more the more links there are: ask for it every other second, not every call. */
  use(): Promise<LinksUsage> {
    return this.#meter.measure([...this.#registry.all()]);
  }

  /** Throws NOT_FOUND. */
  get(socket: string): LinkInfo {
    const link = this.find(socket);
    if (!link) throw new AppError('NOT_FOUND', 'there is no such link');
    return link;
  }

  /** Tells `observer` about every link from now on, and about those that are ready already. */
  observe(observer: LinkObserver): void {
    this.#observers.add(observer);
    for (const { connection } of this.#registry.all()) {
      if (connection) void this.#observers.tellOne(observer, (it) => it.ready?.(connection));
    }
  }

  /** Resolves when every end of a session that links have told so far is on record. */
  settled(): Promise<void> {
    return this.#observers.settled();
  }

  async #findAll(links: readonly Link[]): Promise<void> {
    for (let first = 0; first < links.length; first += RESUMED_AT_ONCE) {
      const some = links.slice(first, first + RESUMED_AT_ONCE);
      await Promise.all(some.map((link) => this.#supervision.find(link)));
    }
  }

  /** One at a time, and nobody waits for it: users can fill the folder. */
  #sweep(): void {
    const { now, log } = this.#options;
    const isKnown = (name: string): boolean => this.isKnown(name);
    this.#sweeping ??= sweep(this.#folder, isKnown, now(), this.#stopping.signal)
      .then(() => this.#options.cgroups?.sweep())
      .catch((error: unknown) => log.warn({ err: error }, 'what links have left was not swept'))
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  #ownLink(socket: string, jti: string): LinkConnection {
    const link = this.#registry.get(socket);
    if (link?.connection && link.jti === jti && !link.isEnding) return link.connection;
    throw new AppError(
      'LINK_LOST',
      'the link of this login has gone away; begin another with: latchkey link',
    );
  }

  /** Lets go of all links; they go on, and the next daemon finds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#sweepTimer);
    this.#renewal[Symbol.dispose]();
    this.#replacement[Symbol.dispose]();
    for (const { connection } of this.#registry.all()) connection?.close('the daemon stops');
    await this.#observers.settled();
    await this.#sweeping;
    await this.#folder[Symbol.asyncDispose]();
  }
}
