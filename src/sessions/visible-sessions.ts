/**
 * The sessions that somebody may see, read and end. A login sees, reads and ends only its own; managers see
 * and end all, but read none of others. A session that is not seen is not said to exist.
 */
import { AppError } from '../errors.ts';
import type { Page } from '../store/page.ts';
import type { SessionRow } from '../store/schema.ts';
import type { SessionQuery } from '../store/tables/sessions.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Records } from './records.ts';
import { type Cordon, cordonOf, type Session } from './session.ts';

/** A viewer of sessions: a login, which sees its own sessions, or with `seesAll` all of them. */
export interface Viewer {
  readonly login: string;
  readonly seesAll: boolean;
}

export interface Reader {
  readonly claims: TokenClaims;
  /** True for a caller who sees the sessions of others, and is told that only their owners may read them. */
  readonly seesAll?: boolean;
  readonly sessionId: string;
}

export class VisibleSessions {
  readonly #records: Pick<Records, 'find' | 'list'>;

  constructor(records: Pick<Records, 'find' | 'list'>) {
    this.#records = records;
  }

  /** Returns a page of the sessions that `viewer` sees. Throws INVALID_ARGUMENT. */
  async list(viewer: Viewer, query: SessionQuery): Promise<Page<Session>> {
    if (viewer.seesAll) return this.#records.list(query);
    if (query.login && query.login !== viewer.login) return { items: [], nextPageToken: '', total: 0 };
    return this.#records.list({ ...query, login: viewer.login });
  }

  /** Returns a session that `viewer` sees. Throws NOT_FOUND. */
  async get({ login, seesAll }: Viewer, sessionId: string): Promise<SessionRow> {
    const row = await this.#records.find(sessionId);
    if (row && (seesAll || row.login === login)) return row;
    throw noSuchSession();
  }

  /**
   * Returns one of the reader's own sessions, which it may attach to and read now. Throws NOT_FOUND,
   * PERMISSION_DENIED, SESSION_CORDONED.
   */
  async own({ claims, seesAll = false, sessionId }: Reader): Promise<SessionRow> {
    const row = await this.get({ login: claims.sub, seesAll }, sessionId);
    if (row.login === claims.sub) {
      checkNotCordoned(row);
      return row;
    }
    throw new AppError('PERMISSION_DENIED', `only ${row.login} can read or join this session`);
  }

  /**
   * Returns those of the sessions that `viewer` may end now. Throws NOT_FOUND when there is none of them, and
   * SESSION_ENDED when all have ended.
   */
  async endable({ login, seesAll }: Viewer, sessionIds: readonly string[]): Promise<SessionRow[]> {
    const found = await Promise.all([...new Set(sessionIds)].map((id) => this.#records.find(id)));
    const visible = found.filter((row) => row !== undefined).filter((row) => seesAll || row.login === login);
    if (visible.length === 0) throw noSuchSession();
    const active = visible.filter(({ state }) => state !== 'ended');
    if (active.length === 0) throw new AppError('SESSION_ENDED', 'the session has ended');
    return active;
  }
}

function checkNotCordoned(row: SessionRow): void {
  const cordon = cordonOf(row);
  if (cordon !== undefined) throw cordonedError(cordon);
}

/** Returns what the owner of a cordoned session is told. */
export function cordonedError({ by, message }: Cordon): AppError {
  const details = { cordonedBy: by, cordonMessage: message };
  return new AppError('SESSION_CORDONED', `${by} has cordoned this session: ${message}`, { details });
}

export function noSuchSession(): AppError {
  return new AppError('NOT_FOUND', 'there is no such session');
}
