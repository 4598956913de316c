/**
 * Makes a process a link (F22, DESIGN 7.2). Everything about it is checked before a byte is sent. When it
 * does not become ready, its new token is revoked.
 */
import type { Socket } from 'node:net';
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { type LoginSettings, settingsOfAccount, statesOfFiles } from '../../accounts/login-settings.ts';
import { canonicalUserOfUid, gidsOf, type UserEntry } from '../../accounts/user-database.ts';
import type { Authority } from '../../authority/authority.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { Store } from '../../store/open.ts';
import { selectSession } from '../../store/tables/sessions.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import type { LinkCgroup } from '../cgroups/link-cgroup.ts';
import { dial } from '../connection/dial.ts';
import { checkNewLink, type Greeted, greet, initialise } from '../connection/handshake.ts';
import { safeText } from '../connection/link-error.ts';
import type { Keepers } from '../lifecycle/keepers.ts';
import type { ListeningProcess } from '../lifecycle/listening-process.ts';
import type { Supervision } from '../lifecycle/supervision.ts';
import { Link } from '../link.ts';
import type { Observers } from '../observer.ts';
import type { LinkRegistry } from '../registry.ts';
import { checkGroups, groupsOfListener } from './link-groups.ts';
import type { LinksFolder } from './links-folder.ts';
import { originOf } from './process-origin.ts';
import { checkSocketName } from './socket-name.ts';

const DIAL_MS = 3_000;
const MAX_VERSION_LENGTH = 64;

export interface RegisterRequest {
  /** Base name of the socket in the folder of links. */
  readonly socket: string;
  /** True for a link daemon, which serves every token of its user that has no link of its own. */
  readonly daemon: boolean;
  /** Id of the session that it was started in, according to its environment. */
  readonly sessionId?: string;
}

export interface RegistrationOptions {
  readonly store: Store;
  readonly authority: Pick<Authority, 'initKey' | 'isActive' | 'mint' | 'proofFor'>;
  readonly folder: LinksFolder;
  readonly registry: LinkRegistry;
  readonly observers: Observers;
  readonly supervision: Supervision;
  readonly cgroups: CgroupTree | undefined;
  readonly keepers: Pick<Keepers, 'sessionOf'>;
  readonly settings: () => { readonly eligible: EligibleSettings };
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** A checked process that has sent Hello. */
interface CheckedProcess {
  readonly user: UserEntry;
  readonly loginSettings: LoginSettings;
  readonly process: ListeningProcess | undefined;
  readonly cgroup: LinkCgroup | undefined;
  readonly greeted: Greeted;
}

export class Registration {
  readonly #options: RegistrationOptions;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * `before` is what logins of the account got before the server started the link, if it has. Throws
   * LINK_REFUSED, NOT_ELIGIBLE, TOKEN_NOT_ACTIVE (for the session's token), LINK_LOST, LIMIT_EXCEEDED.
   */
  async register(
    request: RegisterRequest,
    callerUid: number,
    before?: LoginSettings,
  ): Promise<{ jti: string }> {
    const { registry, supervision, log } = this.#options;
    const candidate = await this.#check(request, callerUid, before);
    const { channel } = candidate.greeted;
    try {
      const parent = await this.#parentOf(request.sessionId, callerUid, candidate.process);
      const link = await this.#initialise(request, candidate, parent);
      registry.add(link);
      if (link.daemon) registry.accept(link);
      supervision.ready(link);
      log.info(
        { socket: link.socket, linuxUser: link.linuxUser, jti: link.jti, daemon: link.daemon },
        'a link is ready',
      );
      return { jti: link.jti };
    } catch (error) {
      channel.close('the link is not registered');
      candidate.process?.[Symbol.dispose]();
      throw error;
    }
  }

  /** Checks everything before a byte is sent, then reads the link's Hello. */
  async #check(
    { socket: name, daemon }: RegisterRequest,
    uid: number,
    before: LoginSettings | undefined,
  ): Promise<CheckedProcess> {
    const { folder, cgroups, settings } = this.#options;
    checkSocketName(name, uid);
    await folder.checkSocket(name, uid);
    const { process, ...connection } = await dial(folder.pathOf(name), uid, DIAL_MS);
    try {
      const user = await canonicalUserOfUid(uid);
      if (!user) throw new AppError('NOT_ELIGIBLE', `uid ${uid} has no account in the user database`);
      checkEligible(user, settings().eligible);
      const now = await this.#loginSettingsOf(user, connection.socket);
      const greeted = await greet(connection);
      checkNewLink(greeted.hello, daemon);
      const cgroup = process && (await cgroups?.ofLink(process.pid, uid));
      return { user, loginSettings: before ?? now, process, cgroup, greeted };
    } catch (error) {
      connection.socket.destroy();
      process?.[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Returns what logins of `user` get now. Throws LINK_REFUSED for a process with other groups, unless it may
   * take any, or the server itself, which serves only this user, may have them as well; and LINK_LOST.
   */
  async #loginSettingsOf(user: UserEntry, socket: Socket): Promise<LoginSettings> {
    const isFree = user.uid === 0 || this.#options.settings().eligible.self;
    const held = isFree ? [] : groupsOfListener(socket);
    const gids = await gidsOf(user);
    await checkGroups(user.name, gids, held);
    return { account: settingsOfAccount(user, gids), files: statesOfFiles() };
  }

  /**
   * Returns the parent token of a link that was started within a session: of the session found in /proc,
   * else of the one that the link names. Throws TOKEN_NOT_ACTIVE when that token has been revoked or has
   * expired, LINK_REFUSED when the session cannot be determined, or was given to another login.
   */
  async #parentOf(
    named: string | undefined,
    uid: number,
    process: ListeningProcess | undefined,
  ): Promise<string | undefined> {
    const { registry, ...known } = this.#options;
    const { sessionId, link } = process ? await originOf(process.pid, registry.all(), known) : {};
    if (sessionId !== undefined) return this.#activeTokenOf(sessionId, link?.uid);
    if (link !== undefined) return this.#parentOfEscaped(link, named);
    return named ? this.#activeTokenOf(named, uid) : undefined;
  }

  /**
   * Returns the parent for a process that has left its session: the link's own token, or the only token
   * among the sessions that it may have left.
   */
  async #parentOfEscaped(link: Link, named: string | undefined): Promise<string | undefined> {
    const running = [...(link.connection?.running.keys() ?? [])];
    const ids = named !== undefined && running.includes(named) ? [named] : running;
    const tokens = await Promise.all(ids.map((id) => this.#tokenOf(id)));
    if (!link.daemon) return this.#active(link.jti);
    const [only, ...others] = new Set(tokens);
    if (only !== undefined && others.length === 0) return this.#active(only);
    const message = 'cannot determine which session this link was started in; start it outside of sessions';
    throw new AppError('LINK_REFUSED', message);
  }

  async #activeTokenOf(sessionId: string, uid?: number): Promise<string | undefined> {
    const jti = await this.#tokenOf(sessionId, uid);
    return jti === undefined ? undefined : this.#active(jti);
  }

  /**
   * Returns the id of the token that started a session, of `uid` when it is given. Throws LINK_REFUSED for a
   * session that was given to another login (V3): that login gets the session, and no token of its Linux
   * user.
   */
  async #tokenOf(sessionId: string, uid?: number): Promise<string | undefined> {
    const session = await this.#options.store.read((db) => selectSession(db, sessionId));
    if (session === undefined || (uid !== undefined && session.uid !== uid)) return undefined;
    if (session.started_by === null) return session.jti;
    const message = 'this session was given to another login; start the link outside of it';
    throw new AppError('LINK_REFUSED', message);
  }

  #active(jti: string): string {
    if (this.#options.authority.isActive(jti)) return jti;
    const message = 'the login that started this session has ended, so it cannot start a link';
    throw new AppError('TOKEN_NOT_ACTIVE', message);
  }

  async #initialise(
    request: RegisterRequest,
    candidate: CheckedProcess,
    parent: string | undefined,
  ): Promise<Link> {
    const { authority, registry, observers } = this.#options;
    const { socket, daemon } = request;
    const { user } = candidate;
    const { token, claims } = await authority.mint({
      login: user.name,
      linuxUser: user.name,
      uid: user.uid,
      authMethod: daemon ? 'link-daemon' : 'link',
      socket,
      daemon,
      ...(parent !== undefined && { parent }),
    });
    try {
      const link = this.#linkOf(request, candidate, claims.jti);
      await registry.keep(link);
      await this.#sendInit(link, token, candidate);
      return link;
    } catch (error) {
      await Promise.all(observers.tell((observer) => observer.tokenObsolete?.(claims.jti, 'link-ended')));
      await registry.forget(socket);
      throw isAppError(error, 'TOKEN_INVALID') || isAppError(error, 'TOKEN_EXPIRED')
        ? proofRejected(error)
        : error;
    }
  }

  #linkOf({ socket, daemon }: RegisterRequest, candidate: CheckedProcess, jti: string): Link {
    const { user, loginSettings, process, greeted } = candidate;
    return new Link({
      socket,
      uid: user.uid,
      linux_user: user.name,
      jti,
      daemon: daemon ? 1 : 0,
      pid: process?.pid ?? 0, // never what the link says of itself
      state: 'ready',
      version: safeText(greeted.hello.programVersion).slice(0, MAX_VERSION_LENGTH),
      created_at: this.#options.now(),
      login_settings: JSON.stringify(loginSettings),
    });
  }

  async #sendInit(link: Link, token: string, candidate: CheckedProcess): Promise<void> {
    const { authority, supervision } = this.#options;
    const { channel, hello } = candidate.greeted;
    link.connect(candidate.greeted, candidate, supervision.eventsOf(link));
    const proof = authority.proofFor(link.uid, hello.nonce);
    await initialise(channel, { token, proof, initKey: authority.initKey(link.jti) }, link.jti);
    if (!authority.isActive(link.jti))
      throw new AppError('TOKEN_NOT_ACTIVE', 'the login ended while its link was starting');
    if (!channel.isOpen) throw new AppError('LINK_LOST', 'the link exited while it was starting');
  }
}

/** The link could not verify the daemon, which says nothing about the caller's own token. */
function proofRejected(cause: AppError): AppError {
  return new AppError('LINK_REFUSED', `the link rejected the server's proof: ${cause.message}`, { cause });
}
