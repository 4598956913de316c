/**
 * Programs that run as their own Linux user, from start to end. A session is recorded before its program can
 * run, and the outcome of a start is determined even when its link is lost. Never runs a program itself:
 * links do (F10).
 */
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority } from '../authority/authority.ts';
import type { IdleRule } from '../config/settings/idle-rule.ts';
import type { Feed } from '../feed.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import type { SessionRow } from '../store/schema.ts';
import type { SessionQuery } from '../store/tables/sessions.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';
import type { EndResult } from '../supervisor/lifecycle/end-result.ts';
import { allRunning } from '../supervisor/lifecycle/running-sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import { activeOf, dependentOn, type People } from './active-sessions.ts';
import type { Attachment } from './attachments/attachment.ts';
import { type AttachRequest, Reading, type ReadRequest } from './attachments/reading.ts';
import { SessionClients } from './attachments/session-clients.ts';
import { Terminals } from './attachments/terminals.ts';
import { Cordons } from './cordons/cordons.ts';
import { NewOwner, type NewOwnerOptions } from './cordons/new-owner.ts';
import { endSessionsOfEarlierBoots } from './earlier-boots.ts';
import { IdleNotices } from './idle/idle-notices.ts';
import { IdleRules, type IdleRulesOptions } from './idle/idle-rules.ts';
import { Reconciliation } from './reconciliation.ts';
import { Records } from './records.ts';
import { Retention } from './retention.ts';
import type { Session, SessionChange } from './session.ts';
import { runningLinkOf } from './session-link.ts';
import { signalNumber } from './signal-number.ts';
import type { StartRequest } from './start-request.ts';
import { Starts } from './starts.ts';
import { type Viewer, VisibleSessions } from './visible-sessions.ts';

export interface SessionSettings {
  /** Maximum output kept for a session, in bytes. */
  readonly outputLimitBytes: number;
  /** Time that ended sessions are kept, in milliseconds. */
  readonly retentionMs: number;
  readonly idleRules: readonly IdleRule[];
}

export interface SessionsOptions extends Pick<NewOwnerOptions, 'accounts' | 'ownUid'> {
  readonly roles: NewOwnerOptions['roles'] & IdleRulesOptions['roles'];
  readonly store: Store;
  readonly authority: Pick<Authority, 'isActive'>;
  readonly links: Links;
  /** Returns the current settings, which a reload may change. */
  readonly settings: () => SessionSettings;
  /** Time until a session that no link knows is recorded as ended, in milliseconds; 10 s by default. */
  readonly giveUpMs?: number;
  /** Maximum number of ended sessions kept for one uid; 10,000 by default. */
  readonly maxKept?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

const GIVE_UP_MS = 10_000;
/** Exit status of a program that SIGKILL ended. */
const KILLED = 128 + constants.signals.SIGKILL;
/** Time until the end of a session is recorded whose link has reported it. */
const RECORDED_MS = 3_000;

export class Sessions implements AsyncDisposable {
  readonly cordons: Cordons;
  readonly #options: SessionsOptions;
  readonly #records: Records;
  readonly #visible: VisibleSessions;
  readonly #retention: Retention;
  readonly #starts: Starts;
  readonly #reading: Reading;
  readonly #idleRules: IdleRules;
  readonly #stopping = new AbortController();

  private constructor(options: SessionsOptions) {
    const records = new Records(options.store);
    this.#options = options;
    this.#records = records;
    this.#visible = new VisibleSessions(records);
    this.#retention = new Retention({ ...options, records });
    this.#starts = new Starts({ ...options, records });
    const { links } = options;
    const clients = new SessionClients();
    const terminals = new Terminals({ records, links });
    const rooms = { records, visible: this.#visible, clients, terminals, links };
    this.#reading = new Reading(rooms);
    this.#idleRules = new IdleRules(options);
    links.observe(this.#idleRules);
    links.observe(new IdleNotices({ ...options, ...rooms }));
    this.cordons = new Cordons({ ...options, ...rooms, newOwner: new NewOwner(options) });
  }

  /** Takes over the sessions of an earlier run of the server, with the links that were found again. */
  static async open(options: SessionsOptions): Promise<Sessions> {
    const { store, links, now, giveUpMs = GIVE_UP_MS } = options;
    await endSessionsOfEarlierBoots(store, now());
    const sessions = new Sessions(options);
    const reconciliation = new Reconciliation({
      store,
      links,
      now,
      giveUpMs,
      records: sessions.#records,
      unanswered: sessions.#starts.unanswered,
      forgetOld: (uid) => sessions.#retention.forgetOf(uid),
      stopping: sessions.#stopping.signal,
    });
    links.observe(reconciliation);
    return sessions;
  }

  get changes(): Feed<SessionChange> {
    return this.#records.changes;
  }

  /**
   * Runs a program as the token's Linux user. Throws INVALID_ARGUMENT, LINK_REQUIRED, NOT_ELIGIBLE,
   * LIMIT_EXCEEDED, START_FAILED, TOKEN_NOT_ACTIVE; and LINK_LOST (`details.sessionId`) when the link was
   * lost before it could report whether the program runs. The session's record shows it once it is known.
   */
  async start(request: StartRequest): Promise<Session> {
    const row = await this.#starts.start(request);
    this.#retention.started(row.uid);
    return this.#records.view(row);
  }

  /**
   * Attaches to one of the login's own sessions, from an offset on. Throws NOT_FOUND, PERMISSION_DENIED,
   * SESSION_CORDONED, LINK_REQUIRED, LINK_LOST. The caller counts as attached until `signal` aborts or the
   * attachment is disposed of.
   */
  attach(request: AttachRequest): Promise<Attachment> {
    return this.#reading.attach(request);
  }

  /**
   * Reads the output of one of the login's own sessions. Throws NOT_FOUND, PERMISSION_DENIED,
   * SESSION_CORDONED, OUTPUT_DROPPED, LINK_REQUIRED, LINK_LOST.
   */
  readOutput(request: ReadRequest): AsyncGenerator<OutputPiece, OutputEnd> {
    return this.#reading.readOutput(request);
  }

  /**
   * Returns the number of processes that the kernel killed in a session whose output has been read to the
   * end, if there are any and it ended with `status`, that of SIGKILL. Waits until its end is recorded.
   */
  async oomKillsOf(sessionId: string, status: number | undefined): Promise<number | undefined> {
    if (status !== KILLED) return undefined;
    const row = await this.#records.findEnded(sessionId, RECORDED_MS);
    return row?.oom_kills || undefined;
  }

  /** Returns a page of the sessions that `viewer` sees. Throws INVALID_ARGUMENT. */
  async list(viewer: Viewer, query: SessionQuery): Promise<Page<Session>> {
    const page = await this.#visible.list(viewer, query);
    return { ...page, items: await this.#measured(page.items) };
  }

  /** Returns a session. Throws NOT_FOUND, also when `viewer` may not see it. */
  async get(viewer: Viewer, sessionId: string): Promise<Session> {
    const session = this.#records.view(await this.#visible.get(viewer, sessionId));
    const [measured = session] = await this.#measured([session]);
    return measured;
  }

  /** Returns the sessions with the usage of those that run. */
  async #measured(sessions: readonly Session[]): Promise<Session[]> {
    const running = sessions.filter(({ state }) => state === 'running');
    const usages = await this.#options.links.processes.usages(running);
    return sessions.map((session) =>
      session.state === 'running' ? { ...session, usage: usages.get(session.id) } : session,
    );
  }

  /**
   * Sends a signal, "TERM" or "15", to a session's processes. Throws NOT_FOUND, SESSION_ENDED,
   * INVALID_ARGUMENT, LINK_REQUIRED, LINK_LOST.
   */
  async signal(viewer: Viewer, sessionId: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const row = await this.#visible.get(viewer, sessionId);
    await runningLinkOf(this.#options.links, row).signal(row.id, number);
  }

  /**
   * Returns those of the sessions that `viewer` may end now. Throws NOT_FOUND when there is none of them, and
   * SESSION_ENDED when all have ended.
   */
  async endable(viewer: Viewer, sessionIds: readonly string[]): Promise<SessionRow[]> {
    return this.#visible.endable(viewer, sessionIds);
  }

  /** Returns the sessions of people that have not ended: see active-sessions.ts. */
  activeOf(people: People): Promise<SessionRow[]> {
    return activeOf(this.#options.store, people);
  }

  /** Returns the active sessions that depend on tokens and link daemons: see active-sessions.ts. */
  dependentOn(
    tokens: readonly TokenClaims[],
    daemons: readonly Pick<LinkInfo, 'uid' | 'socket'>[],
  ): Promise<SessionRow[]> {
    return dependentOn(this.#options.store, tokens, daemons);
  }

  /**
   * Ends a session with all its processes: SIGTERM, and SIGKILL after `graceMs`; also one that no link looks
   * after. Its end is recorded when this resolves, unless the store fails.
   */
  async end(session: SessionRow, graceMs: number): Promise<EndResult> {
    const { links, log } = this.#options;
    const { status, ...result } = await links.processes.end(session, graceMs);
    await links.settled();
    try {
      const atMs = this.#options.now();
      if (result.hasEnded)
        await this.#records.end(session.id, {
          atMs,
          status,
          oomKills: await links.processes.oomKillsOf(session),
        });
      // It may have ended by itself meanwhile, as its link reports.
      else if (result.survivors.every(({ isUnconfirmed }) => isUnconfirmed)) {
        const now = await this.#records.find(session.id);
        if (now?.state === 'ended') return { ...result, hasEnded: true, survivors: [], verifiedBy: 'link' };
      }
    } catch (error) {
      log.warn({ err: error, session: session.id }, 'cannot record the end of a session');
    }
    return result;
  }

  /**
   * Ends all sessions, as `end` does, before the host shuts down. Resolves with the number of those that
   * ended within `timeoutMs`.
   */
  async endAll(graceMs: number, timeoutMs: number): Promise<{ ended: number; all: number }> {
    const running = await allRunning(this.#options.store);
    let ended = 0;
    const ends = running.map(async (session) => {
      const { hasEnded } = await this.end(session, graceMs);
      if (hasEnded) ended += 1;
    });
    await Promise.race([Promise.allSettled(ends), delay(timeoutMs, undefined, { ref: false })]);
    return { ended, all: running.length };
  }

  /**
   * Removes the ended sessions whose retention has expired; also happens every hour. Throws
   * STORE_UNAVAILABLE.
   */
  async forgetOld(): Promise<void> {
    await this.#retention.forget();
  }

  /** Applies settings that have changed. */
  async settingsChanged(): Promise<void> {
    await this.#idleRules.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#retention[Symbol.dispose]();
  }
}
