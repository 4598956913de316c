/** The sessions of a server without links or programs: their records are those that a test makes. */
import { sessionOf } from '../../../src/sessions/session.ts';
import type { Sessions } from '../../../src/sessions/sessions.ts';
import type { SessionRow } from '../../../src/store/schema.ts';
import { deleteSessions, insertSession } from '../../../src/store/tables/sessions.ts';
import { World } from '../link/supervisor-world.ts';

export class RecordedSessions implements AsyncDisposable {
  readonly #world: World;

  private constructor(world: World) {
    this.#world = world;
  }

  static async open(): Promise<RecordedSessions> {
    return new RecordedSessions(await World.open());
  }

  get sessions(): Sessions {
    return this.#world.sessions;
  }

  /** Adds a session, and tells watchers. */
  async add(row: SessionRow): Promise<void> {
    await this.#world.store.commit((tx) => insertSession(tx, row));
    this.sessions.changes.emit({ kind: 'changed', session: sessionOf(row, 0) });
  }

  /** Removes a session, and tells watchers. */
  async remove(row: SessionRow): Promise<void> {
    await this.#world.store.commit((tx) => deleteSessions(tx, [row.id]));
    this.sessions.changes.emit({ kind: 'removed', session: sessionOf(row, 0) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]();
  }
}
