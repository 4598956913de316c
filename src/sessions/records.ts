/** The records of sessions. Emits each change when it is durable. */
import { AppError } from '../errors.ts';
import { Feed } from '../feed.ts';
import type { Store } from '../store/open.ts';
import type { Page } from '../store/page.ts';
import type { SessionRow } from '../store/schema.ts';
import {
  countActive,
  deleteSessions,
  insertSession,
  type SessionQuery,
  selectSession,
  selectSessions,
  updateSession,
} from '../store/tables/sessions.ts';
import {
  cordonOf,
  type IdleNotice,
  type Session,
  type SessionAct,
  type SessionChange,
  sessionOf,
} from './session.ts';

const MAX_RUNNING_PER_LOGIN = 200;

type Patch = Partial<Omit<SessionRow, 'id'>>;

/** The end of a session, as far as it is known. */
export interface SessionEnd {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly status: number | undefined;
  /** Number of its processes that the kernel killed because memory had run out. */
  readonly oomKills: number | undefined;
}

export class Records {
  readonly changes = new Feed<SessionChange>();
  readonly #store: Store;
  readonly #attached = new Map<string, number>();
  readonly #idle = new Map<string, IdleNotice>();

  constructor(store: Store) {
    this.#store = store;
  }

  async find(id: string): Promise<SessionRow | undefined> {
    return this.#store.read((db) => selectSession(db, id));
  }

  async list(query: SessionQuery): Promise<Page<Session>> {
    const page = await this.#store.read((db) => selectSessions(db, query));
    return { ...page, items: page.items.map((row) => this.view(row)) };
  }

  view(row: SessionRow): Session {
    return sessionOf(row, this.#attached.get(row.id) ?? 0, this.#idle.get(row.id));
  }

  /** Adds a new session. Throws LIMIT_EXCEEDED when its login already has 200 that have not ended. */
  async add(row: SessionRow): Promise<void> {
    await this.#store.commit(async (tx) => {
      if ((await countActive(tx, row.login)) >= MAX_RUNNING_PER_LOGIN) {
        throw new AppError(
          'LIMIT_EXCEEDED',
          `a login runs at most ${MAX_RUNNING_PER_LOGIN} sessions at once`,
        );
      }
      await insertSession(tx, row);
    });
    this.#emit(row);
  }

  /**
   * Applies what `patch` returns for the record, if anything; `act` says who wanted that. Returns the record
   * after that. Throws what `patch` throws.
   */
  async change(
    id: string,
    patch: (row: SessionRow) => Patch | undefined,
    act?: SessionAct,
  ): Promise<SessionRow | undefined> {
    const { row, before } = await this.#store.commit(async (tx) => {
      const row = await selectSession(tx, id);
      const wanted = row && patch(row);
      if (!row || !wanted) return { row };
      await updateSession(tx, id, wanted);
      return { row: { ...row, ...wanted }, before: row };
    });
    if (row && before) this.#emit(row, before, act);
    return row;
  }

  /** Records that a session has ended, unless that is recorded, or `isReported` does not hold for it. */
  async end(
    id: string,
    end: SessionEnd,
    isReported: (row: SessionRow) => boolean = () => true,
  ): Promise<void> {
    await this.change(id, (row) => (row.state === 'ended' || !isReported(row) ? undefined : endedPatch(end)));
  }

  /**
   * Returns the record of a session when it says that the session has ended, or after `timeoutMs`; undefined
   * when there is none.
   */
  async findEnded(id: string, timeoutMs: number): Promise<SessionRow | undefined> {
    const ended = Promise.withResolvers<void>();
    using _listening = this.changes.listen(({ session }) => {
      if (session.id === id && session.state === 'ended') ended.resolve();
    });
    const row = await this.find(id);
    if (row === undefined || row.state === 'ended') return row;
    const timer = setTimeout(ended.resolve, timeoutMs);
    await ended.promise;
    clearTimeout(timer);
    return this.find(id);
  }

  /**
   * Notes that a session is idle and has been warned, which is an act when `isNews`; without a notice, that
   * it is not.
   */
  setIdle(row: SessionRow, notice?: IdleNotice, isNews = false): void {
    if (notice === undefined) this.#idle.delete(row.id);
    else this.#idle.set(row.id, notice);
    this.#emit(row, row, isNews ? { kind: 'idle' } : undefined);
  }

  /** Tells watchers of an act that changes nothing in the record. */
  acted(row: SessionRow, act: SessionAct): void {
    this.#emit(row, row, act);
  }

  async remove(rows: readonly SessionRow[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    await this.#store.commit((tx) => deleteSessions(tx, ids));
    for (const row of rows) this.changes.emit({ kind: 'removed', session: this.view(row) });
  }

  /** Counts a client as attached until the result is called. */
  attach(row: SessionRow): () => void {
    const count = (by: number): void => {
      const attached = (this.#attached.get(row.id) ?? 0) + by;
      if (attached > 0) this.#attached.set(row.id, attached);
      else this.#attached.delete(row.id);
    };
    count(1);
    this.#emit(row);
    let isDetached = false;
    return () => {
      if (isDetached) return;
      isDetached = true;
      count(-1);
      void this.find(row.id).then((now) => now && this.#emit(now), ignore);
    };
  }

  #emit(row: SessionRow, before = row, act?: SessionAct): void {
    if (row.state === 'ended') this.#idle.delete(row.id);
    this.changes.emit({
      kind: 'changed',
      session: this.view(row),
      ...(row.state !== before.state && { before: before.state }),
      ...(row.login !== before.login && { loginBefore: before.login }),
      ...(row.cordoned_at !== before.cordoned_at && { cordonBefore: cordonOf(before) }),
      ...(act !== undefined && { act }),
    });
  }
}

function endedPatch({ atMs, status, oomKills }: SessionEnd): Patch {
  return { state: 'ended', ended_at: atMs, exit_status: status ?? null, oom_kills: oomKills ?? null };
}

function ignore(): void {}
