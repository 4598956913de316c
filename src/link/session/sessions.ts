/** The sessions of one link: the running ones, and the last state of those that have ended. */
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import type { Ended, Exited, SessionState, Start } from '../../generated/latchkey/link/v1/link.ts';
import type { Account } from '../account/account.ts';
import { endUnadopted } from '../cleanup/end-unadopted.ts';
import { EndedSession, type OutputSource } from '../output/output-source.ts';

import { adoptSession } from './adopt-session.ts';
import type { InheritedSettings } from './inherited-settings.ts';
import { PendingStarts } from './pending-starts.ts';
import { Session, type SessionEvents } from './session.ts';
import type { SessionsDir } from './sessions-dir.ts';
import { type Hold, startSession } from './start-session.ts';

const MAX_RUNNING = 1000;
/** Older ones are still found in their folders when asked for by id. */
const MAX_REMEMBERED = 10_000;

/** Callbacks of the sessions. */
export interface SessionsEvents {
  exited(exited: Exited): void;
  warning(sessionId: string, text: string): void;
  /** Called when no session is running or being started. */
  idle(): void;
}

export class Sessions {
  readonly #account: Account;
  readonly #sessionsDir: SessionsDir;
  readonly #settings: InheritedSettings;
  readonly #events: SessionsEvents;
  /** Running sessions, and ended ones whose log is still open. */
  readonly #open = new Map<string, Session>();
  readonly #ended = new Map<string, SessionState>();
  /** Sessions whose program does not run yet, by id. */
  readonly #starting = new Map<string, Promise<Session>>();
  /** Starts that wait for the daemon. */
  readonly held = new PendingStarts((start, hold) => this.start(start, hold));

  constructor(
    account: Account,
    sessionsDir: SessionsDir,
    settings: InheritedSettings,
    events: SessionsEvents,
  ) {
    this.#account = account;
    this.#sessionsDir = sessionsDir;
    this.#settings = settings;
    this.#events = events;
  }

  /** Number of sessions that run or are being started. */
  get running(): number {
    return this.runningSessions.length + this.#starting.size;
  }

  /** The sessions that run. */
  get runningSessions(): Session[] {
    return [...this.#open.values()].filter(({ exited }) => exited === undefined);
  }

  async start(start: Start, hold?: Hold): Promise<Session> {
    if (this.#open.size + this.#starting.size >= MAX_RUNNING)
      throw new AppError('LIMIT_EXCEEDED', `a link runs at most ${MAX_RUNNING} sessions`);
    if (this.#starting.has(start.sessionId))
      throw new AppError('INVALID_ARGUMENT', 'session_id: already in use');
    const context = { account: this.#account, sessionsDir: this.#sessionsDir, settings: this.#settings };
    const started = startSession(start, { ...context, events: this.#sessionEvents(), hold });
    this.#starting.set(start.sessionId, started);
    try {
      return await started;
    } finally {
      this.#starting.delete(start.sessionId);
      if (this.running === 0) this.#events.idle();
    }
  }

  /** Takes over sessions of links that have exited; returns the state of each that is known here. */
  async adopt(ids: readonly string[]): Promise<SessionState[]> {
    const states = await Promise.all([...new Set(ids)].map((id) => this.#adopt(id)));
    return states.filter((state) => state !== undefined);
  }

  states(): SessionState[] {
    const open = [...this.#open.values()].map(({ state }) => state);
    return [...this.#ended.values().filter(({ sessionId }) => !this.#open.has(sessionId)), ...open];
  }

  /** Returns a session that is open. Throws SESSION_ENDED, NOT_FOUND. */
  get(id: string): Session {
    const session = this.#open.get(id);
    if (session !== undefined) return session;
    if (this.#ended.has(id)) throw new AppError('SESSION_ENDED', 'the session has ended');
    throw notFound();
  }

  /** Returns the output of a session. Throws NOT_FOUND when none is kept. */
  source(id: string): OutputSource {
    const session = this.#open.get(id);
    if (session !== undefined) return session;
    const folder = this.#sessionsDir.open(id);
    if (folder === undefined) throw notFound();
    const status = folder.status();
    const exited = this.#ended.get(id)?.exited;
    // Running, but not on this link: another link has it, or none has taken it over yet.
    if (exited === undefined && status === undefined) throw notFound();
    try {
      return new EndedSession(folder, exited ?? { sessionId: id, status });
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? new AppError('NOT_FOUND', 'its output has been removed') : error;
    }
  }

  /**
   * Ends a session, also one that another link still has. Waits for one that is still being started, because
   * the daemon asks only once. Throws NOT_FOUND for one that is unknown here.
   */
  async end(id: string, graceMs: number): Promise<Ended> {
    await this.#starting.get(id)?.catch(ignore);
    const session = this.#open.get(id);
    if (session !== undefined) return session.end(graceMs);
    if (this.#ended.has(id)) return { sessionId: id, processes: 0, survivors: [], incomplete: false };
    const folder = this.#sessionsDir.open(id);
    if (folder === undefined) throw notFound();
    return endUnadopted(folder, this.#sessionsDir, graceMs);
  }

  async endAll(graceMs: number): Promise<Ended[]> {
    await Promise.allSettled(this.#starting.values());
    return Promise.all([...this.#open.values()].map((session) => session.end(graceMs)));
  }

  /** Deletes the folders of sessions that have ended. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      const session = this.#open.get(id);
      if (session !== undefined && session.exited === undefined) continue;
      session?.abandon();
      this.#ended.delete(id);
      this.#sessionsDir.open(id)?.remove();
    }
  }

  async #adopt(id: string): Promise<SessionState | undefined> {
    const known = this.#open.get(id)?.state ?? this.#ended.get(id);
    if (known !== undefined) return known;
    const found = await adoptSession(id, this.#sessionsDir, this.#sessionEvents());
    if (found instanceof Session) return found.state;
    if (found !== undefined && !found.elsewhere) this.#remember(found);
    return found;
  }

  #sessionEvents(): SessionEvents {
    return {
      opened: (session) => this.#open.set(session.id, session),
      exited: (session) => this.#exited(session),
      closed: ({ id }) => this.#open.delete(id),
      warning: (id, text) => this.#events.warning(id, text),
    };
  }

  #exited({ state, exited }: Session): void {
    this.#remember(state);
    if (exited !== undefined) this.#events.exited(exited);
    if (this.running === 0) this.#events.idle();
  }

  #remember(state: SessionState): void {
    this.#ended.set(state.sessionId, state);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }
}

function ignore(): void {}

function notFound(): AppError {
  return new AppError('NOT_FOUND', 'no such session on this link');
}
