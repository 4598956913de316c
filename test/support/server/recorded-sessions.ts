/** Real sessions without links or programs: their records are those that a test makes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionOf } from '../../../src/sessions/session.ts';
import { Sessions } from '../../../src/sessions/sessions.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import type { SessionRow } from '../../../src/store/schema.ts';
import { deleteSessions, insertSession } from '../../../src/store/tables/sessions.ts';

export class RecordedSessions implements AsyncDisposable {
  readonly sessions: Sessions;
  readonly #folder: string;
  readonly #store: Store;

  private constructor(sessions: Sessions, store: Store, folder: string) {
    this.sessions = sessions;
    this.#store = store;
    this.#folder = folder;
  }

  static async open(): Promise<RecordedSessions> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-sessions-'));
    const store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 0 });
    const sessions = await Sessions.open({
      store,
      authority: {} as never,
      links: { observe: () => {} } as never,
      settings: () => ({ outputLimitBytes: 1, retentionMs: 1 }),
      now: Date.now,
      log: { warn: () => {} },
    });
    return new RecordedSessions(sessions, store, folder);
  }

  /** Adds a session, and tells watchers. */
  async add(row: SessionRow): Promise<void> {
    await this.#store.commit((tx) => insertSession(tx, row));
    this.sessions.changes.emit({ kind: 'changed', session: sessionOf(row, 0) });
  }

  /** Removes a session, and tells watchers. */
  async remove(row: SessionRow): Promise<void> {
    await this.#store.commit((tx) => deleteSessions(tx, [row.id]));
    this.sessions.changes.emit({ kind: 'removed', session: sessionOf(row, 0) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sessions[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}
