/**
 * What hangs on tokens and ends with them (DESIGN 6): a token's own link; with on_revoke "end" its
 * sessions; with shutdown_on_logout the link daemon of a user whose last login it was. Each ending
 * is reported, and what would not end is named. It never ends what belongs to another token, but
 * for what runs on a link daemon that is itself revoked under on_revoke "end".
 */
import type { Authority } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import type { CgroupTree } from '../supervisor/cgroups/cgroup-tree.ts';
import type { LinkCgroup } from '../supervisor/cgroups/link-cgroup.ts';
import { endProcess } from '../supervisor/lifecycle/end-process.ts';
import { endSession } from '../supervisor/lifecycle/end-session.ts';
import { runningOfLogin, runningOfUid } from '../supervisor/lifecycle/running-sessions.ts';
import type { Supervision } from '../supervisor/lifecycle/supervision.ts';
import type { Link } from '../supervisor/link.ts';
import type { Observers } from '../supervisor/observer.ts';
import type { LinkRegistry } from '../supervisor/registry.ts';
import type { TokenClaims } from '../token/claims.ts';
import { type EndedParts, type EndReason, mergeParts, NOTHING_ENDED } from './receipt.ts';

const GRACE_MS = 3_000;
/** For a link that has said that it goes. */
const LEAVING_MS = 2_000;
/** For the kernel to end what it has killed. */
const KILLED_MS = 5_000;

export interface RevocationOptions {
  readonly store: Store;
  readonly authority: Pick<Authority, 'revoke' | 'liveTokensOf'>;
  readonly registry: LinkRegistry;
  readonly supervision: Supervision;
  readonly cgroups: CgroupTree | undefined;
  readonly observers: Observers;
  readonly settings: () => { readonly onRevoke: 'keep' | 'end'; readonly shutdownOnLogout: boolean };
  readonly log: Log;
}

export class Revocation {
  readonly #options: RevocationOptions;

  constructor(options: RevocationOptions) {
    this.#options = options;
  }

  /** Ends what hangs on tokens that have just been ended. */
  async end(ended: readonly TokenClaims[], why: EndReason): Promise<EndedParts> {
    const links = ended.flatMap(({ socket }) => this.#options.registry.get(socket ?? '') ?? []);
    for (const link of links) link.isEnding = true;
    const sessions = await this.#sessionsOf(ended, links).catch((error: unknown) => this.#unread(error));
    const ends = this.#options.settings().onRevoke === 'end' && why !== 'link-ended';
    const parts = ends
      ? await Promise.all(sessions.map((session) => this.#endSession(session)))
      : [{ ...NOTHING_ENDED, keptSessions: sessions.filter(startedBy(ended)).map(({ id }) => id) }];
    parts.push(...(await Promise.all(links.map((link) => this.#stop(link, ends)))));
    if (why !== 'link-ended') parts.push(...(await this.#stopUnusedDaemons(ended, why)));
    await this.#options.observers.settled();
    return mergeParts(parts);
  }

  /** The sessions that run and were started with one of these tokens, or by one of these link daemons. */
  async #sessionsOf(ended: readonly TokenClaims[], links: readonly Link[]): Promise<SessionRow[]> {
    const { store } = this.#options;
    const found = new Map<string, SessionRow>();
    for (const login of new Set(ended.map(({ sub }) => sub))) {
      const own = (await runningOfLogin(store, login)).filter(startedBy(ended));
      for (const row of own) found.set(row.id, row);
    }
    for (const { uid, socket } of links.filter((link) => link.daemon)) {
      const rows = await runningOfUid(store, uid);
      for (const row of rows.filter((row) => row.socket === socket)) found.set(row.id, row);
    }
    return [...found.values()];
  }

  /** A store that cannot say which sessions there are keeps no link alive. */
  #unread(error: unknown): SessionRow[] {
    this.#options.log.error({ err: error }, 'the sessions of ended tokens cannot be read');
    return [];
  }

  async #endSession(session: SessionRow): Promise<EndedParts> {
    const { registry, cgroups } = this.#options;
    const link = registry.get(session.socket ?? '')?.connection;
    const cgroup = await cgroups?.ofSession(session.id, session.uid);
    return endSession({ link, cgroup }, session, GRACE_MS);
  }

  /** Ends `link`: asked first, and killed when it does not answer. In a cgroup, with `everything` that is in there. */
  async #stop(link: Link, everything: boolean): Promise<EndedParts> {
    const { supervision } = this.#options;
    try {
      const leaves = await link.connection?.stop({ endSessions: false, graceMs: GRACE_MS }).then(yes, no);
      if (link.cgroup) return await endCgroup(link, link.cgroup, { leaves: leaves === true, everything });
      const listener = link.process ? { nobody: false } : await supervision.whoListens(link);
      link.process ??= listener.process;
      const isGone = link.process
        ? await endProcess(link, leaves ? LEAVING_MS : 0)
        : leaves || listener.nobody;
      const processes = link.process ? 1 : 0;
      if (isGone) return { ...NOTHING_ENDED, links: [link.socket], processes, verifiedBy: 'link' };
      return { ...NOTHING_ENDED, survivors: [survivorOf(link, link.row.pid)] };
    } finally {
      await supervision.drop(link);
    }
  }

  /** With shutdown_on_logout: the link daemons of those whose last login was among `ended`. */
  async #stopUnusedDaemons(ended: readonly TokenClaims[], why: EndReason): Promise<EndedParts[]> {
    if (!this.#options.settings().shutdownOnLogout) return [];
    const { registry, authority } = this.#options;
    const parts: EndedParts[] = [];
    for (const user of new Set(ended.filter(isLogin).flatMap(({ user }) => user ?? []))) {
      const logins = new Set([user, ...ended.filter((claims) => claims.user === user).map(({ sub }) => sub)]);
      const live = (await Promise.all([...logins].map((login) => authority.liveTokensOf(login)))).flat();
      if (live.some((claims) => isLogin(claims) && claims.user === user)) continue;
      const daemons = [...registry.all()].filter((link) => link.daemon && link.linuxUser === user);
      if (daemons.length > 0)
        parts.push(await authority.revoke({ jtis: daemons.map(({ jti }) => jti) }, why));
    }
    return parts;
  }
}

/** Ends a link's own processes, or everything that began there, as the kernel alone can. */
async function endCgroup(
  link: Link,
  { whole, own }: LinkCgroup,
  { leaves, everything }: { leaves: boolean; everything: boolean },
): Promise<EndedParts> {
  await own.empties(leaves ? LEAVING_MS : 0);
  const { killed, left } = await (everything ? whole : own).end(KILLED_MS);
  const besides = killed.filter((pid) => pid !== link.process?.pid).length;
  const survivors = left.map((pid) => survivorOf(link, pid));
  const links = left.length === 0 ? [link.socket] : [];
  return { ...NOTHING_ENDED, links, processes: 1 + besides, survivors, verifiedBy: 'daemon' };
}

function survivorOf({ linuxUser }: Link, pid: number): EndedParts['survivors'][number] {
  return { pid, linuxUser, command: 'latchkey link' };
}

/** Whether a session was started with one of these tokens. */
function startedBy(tokens: readonly TokenClaims[]): (session: SessionRow) => boolean {
  const jtis = new Set(tokens.map(({ jti }) => jti));
  return ({ jti }) => jtis.has(jti);
}

function yes(): true {
  return true;
}

function no(): false {
  return false;
}

/** The token of a link daemon is nobody's login. */
function isLogin({ authMethod }: TokenClaims): boolean {
  return authMethod !== 'link-daemon';
}
