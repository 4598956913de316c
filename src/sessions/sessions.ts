/**
 * Programs that run as their own Linux user, from start to end. It promises that a session is on
 * record before its program can run, that a login sees, reads and ends its own sessions only
 * (managers see and end all, and read none), and that what became of a start is found out even when
 * its link was lost meanwhile. It never runs anything itself: links do (F10).
 */
import type { Authority } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import type { SessionRow } from '../store/schema.ts';
import type { SessionQuery } from '../store/tables/sessions.ts';
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';
import type { EndResult } from '../supervisor/lifecycle/end-result.ts';
import { runningOfLogin, runningOfUid } from '../supervisor/lifecycle/running-sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';
import { Attachment } from './attachment.ts';
import { endSessionsOfEarlierBoots } from './earlier-boots.ts';
import { readOn } from './output.ts';
import { Reconciliation } from './reconciliation.ts';
import { Records } from './records.ts';
import { Retention } from './retention.ts';
import type { Session, SessionChange } from './session.ts';
import { signalNumber } from './signal-number.ts';
import type { StartRequest } from './start-request.ts';
import { Starts } from './starts.ts';

export interface SessionSettings {
  /** How much output of a session is kept. */
  readonly outputLimitBytes: number;
  /** How long ended sessions are kept. */
  readonly retentionMs: number;
}

export interface SessionsOptions {
  readonly store: Store;
  readonly authority: Pick<Authority, 'isActive' | 'uidOf'>;
  readonly links: Links;
  /** What holds now: it may change while the daemon runs. */
  readonly settings: () => SessionSettings;
  /** How long a session that no link knows may still turn up; 10 s. */
  readonly giveUpMs?: number;
  /** How many ended sessions of one uid are kept; 10,000. */
  readonly mostKept?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

/** Who looks: a login sees its own sessions, or all of them. */
export interface Viewer {
  readonly login: string;
  readonly seesAll: boolean;
}

export interface ReadRequest {
  readonly claims: TokenClaims;
  readonly sessionId: string;
  /** The first byte wanted; -1 for only what comes from now on. */
  readonly offset: number;
  /** Whether to go on with what is printed later. */
  readonly follow: boolean;
  readonly signal?: AbortSignal;
}

const GIVE_UP_MS = 10_000;

export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  readonly #records: Records;
  readonly #retention: Retention;
  readonly #starts: Starts;
  readonly #stopping = new AbortController();

  private constructor(options: SessionsOptions) {
    const records = new Records(options.store);
    this.#options = options;
    this.#records = records;
    this.#retention = new Retention({ ...options, records });
    this.#starts = new Starts({ ...options, records });
  }

  /** Takes up the sessions of an earlier daemon with the links that were found again. */
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
   * LIMIT_EXCEEDED, START_FAILED, TOKEN_NOT_ACTIVE, and LINK_LOST (`details.session_id`) when the link went
   * away before it could say whether the program runs; the record then says so once that is known.
   */
  async start(request: StartRequest): Promise<Session> {
    const row = await this.#starts.start(request);
    this.#retention.started(row.uid);
    return this.#records.view(row);
  }

  /**
   * Joins an own session, from an offset on. Throws NOT_FOUND, LINK_REQUIRED, LINK_LOST. The caller
   * counts as attached until `signal` aborts or the attachment is disposed.
   */
  async attach(request: Omit<ReadRequest, 'follow'>): Promise<Attachment> {
    const { claims, sessionId, signal } = request;
    const row = await this.#own(claims, sessionId);
    this.#linkOf(row);
    return new Attachment(sessionId, {
      output: this.#read({ ...request, follow: true }, true),
      link: async () => this.#runningLinkOf(await this.#own(claims, sessionId)),
      left: this.#records.attach(row),
      signal,
    });
  }

  /** What an own session has printed. Throws NOT_FOUND, OUTPUT_DROPPED, LINK_REQUIRED, LINK_LOST. */
  readOutput(request: ReadRequest): AsyncGenerator<OutputPiece, OutputEnd> {
    return this.#read(request, false);
  }

  /** One page of the sessions that `viewer` sees. Throws INVALID_ARGUMENT. */
  async list(viewer: Viewer, query: SessionQuery): Promise<Page<Session>> {
    if (viewer.seesAll) return this.#records.list(query);
    if (query.login && query.login !== viewer.login) return { items: [], nextPageToken: '', total: 0 };
    return this.#records.list({ ...query, login: viewer.login });
  }

  /** Throws NOT_FOUND, for another's too. */
  async get(viewer: Viewer, sessionId: string): Promise<Session> {
    return this.#records.view(await this.#visible(viewer, sessionId));
  }

  /**
   * Sends a signal, "TERM" or "15", to a session's processes. Throws NOT_FOUND, SESSION_ENDED,
   * INVALID_ARGUMENT.
   */
  async signal(viewer: Viewer, sessionId: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const row = await this.#visible(viewer, sessionId);
    await this.#runningLinkOf(row).signal(row.id, number);
  }

  /** A session that `viewer` may end now. Throws NOT_FOUND, SESSION_ENDED, LINK_REQUIRED, LINK_LOST. */
  async endable(viewer: Viewer, sessionId: string): Promise<SessionRow> {
    const row = await this.#visible(viewer, sessionId);
    this.#runningLinkOf(row);
    return row;
  }

  /** The sessions that run and were started with one of these tokens, or run on one of these link daemons. */
  async hangingOn(
    tokens: readonly TokenClaims[],
    daemons: readonly Pick<LinkInfo, 'uid' | 'socket'>[],
  ): Promise<SessionRow[]> {
    const { store } = this.#options;
    const jtis = new Set(tokens.map(({ jti }) => jti));
    const found = new Map<string, SessionRow>();
    for (const login of new Set(tokens.map(({ sub }) => sub)))
      for (const row of await runningOfLogin(store, login)) if (jtis.has(row.jti)) found.set(row.id, row);
    for (const { uid, socket } of daemons)
      for (const row of await runningOfUid(store, uid)) if (row.socket === socket) found.set(row.id, row);
    return [...found.values()];
  }

  /**
   * Ends a session with all its processes, who have `graceMs` between SIGTERM and SIGKILL; its end is on
   * record when this resolves.
   */
  async end(session: SessionRow, graceMs: number): Promise<EndResult> {
    const { links } = this.#options;
    const result = await links.endSession(session, graceMs);
    await links.settled();
    return result;
  }

  /** Forgets ended sessions whose time is over. Done every hour. Throws STORE_UNAVAILABLE. */
  async forgetOld(): Promise<void> {
    await this.#retention.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#retention[Symbol.dispose]();
  }

  #read(
    { claims, sessionId, ...options }: ReadRequest,
    hold: boolean,
  ): AsyncGenerator<OutputPiece, OutputEnd> {
    if (!isOffset(options.offset))
      throw new AppError('INVALID_ARGUMENT', 'offset: 0 or more, or -1 for what comes from now on');
    return readOn(sessionId, { ...options, hold }, async () => {
      const row = await this.#own(claims, sessionId);
      const link = this.#linkOf(row);
      // A link shows what it does not know to be over only once it has looked at it.
      if (row.state === 'ended' && row.exit_status === null) await link.adopt([sessionId]);
      return link;
    });
  }

  async #own({ sub }: TokenClaims, sessionId: string): Promise<SessionRow> {
    return this.#visible({ login: sub, seesAll: false }, sessionId);
  }

  async #visible({ login, seesAll }: Viewer, sessionId: string): Promise<SessionRow> {
    const row = await this.#records.find(sessionId);
    if (row && (seesAll || row.login === login)) return row;
    throw new AppError('NOT_FOUND', 'there is no such session');
  }

  /** The link that can read what the session has printed. */
  #linkOf(row: SessionRow): LinkConnection {
    const { links } = this.#options;
    if (row.state !== 'ended') return this.#runningLinkOf(row);
    const link = links.forUid(row.uid);
    if (link) return link;
    const message = `only a link of ${row.linux_user} can read this; run, as that user: latchkey link --daemon`;
    throw new AppError('LINK_REQUIRED', message, { details: { linux_user: row.linux_user } });
  }

  /** The link that looks after a running session. */
  #runningLinkOf({ state, socket, linux_user }: SessionRow): LinkConnection {
    const { links } = this.#options;
    if (state === 'ended') throw new AppError('SESSION_ENDED', 'the session is over');
    const link = socket === null ? undefined : links.forSocket(socket);
    if (link) return link;
    if (socket !== null && links.isKnown(socket)) {
      throw new AppError('LINK_LOST', 'the link of this session does not answer; try again');
    }
    const message = `no link looks after this session; run, as ${linux_user}: latchkey link --daemon`;
    throw new AppError('LINK_REQUIRED', message, { details: { linux_user } });
  }
}

function isOffset(offset: number): boolean {
  return Number.isSafeInteger(offset) && offset >= -1;
}
