/**
 * Updates the records of sessions to what their links report, whenever a link is ready, is gone, or reports
 * an exit. A session whose link is gone is given to another link of the same uid. One that no link of its uid
 * knows is recorded as ended, with unknown status.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { chunksOf } from '../async/chunks-of.ts';
import { KeyedQueue } from '../async/keyed-queue.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/schema.ts';
import type { LinkConnection, SessionState } from '../supervisor/connection/link-connection.ts';
import { statusOf } from '../supervisor/connection/output-reader.ts';
import { runningOfUid } from '../supervisor/lifecycle/running-sessions.ts';
import type { LinkInfo } from '../supervisor/link-info.ts';
import type { Links } from '../supervisor/links.ts';
import type { LinkObserver } from '../supervisor/observer.ts';
import type { Records } from './records.ts';

const ADOPT_BATCH_SIZE = 1_000;

type OwnedSession = Pick<SessionRow, 'id' | 'uid'>;

export interface ReconciliationOptions {
  readonly store: Store;
  readonly links: Pick<Links, 'forUid' | 'isKnown' | 'processes'>;
  readonly records: Records;
  /** Ids of starts that are not answered yet: their links may not know them. */
  readonly unanswered: ReadonlySet<string>;
  /** Removes the ended sessions of a uid whose retention has expired. */
  readonly forgetOld: (uid: number) => Promise<void>;
  /**
   * Time until a session that no link knows is recorded as ended, in milliseconds: another link may still
   * have it.
   */
  readonly giveUpMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly stopping: AbortSignal;
}

export class Reconciliation implements LinkObserver {
  readonly #options: ReconciliationOptions;
  /** Runs the work of one uid in order. */
  readonly #queue = new KeyedQueue<number>();

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  async ready(link: LinkConnection): Promise<void> {
    const { uid } = link.info;
    await this.#queue.run(uid, () => this.#compare(link, true));
    await this.#options.forgetOld(uid);
  }

  async gone({ uid, socket }: LinkInfo): Promise<void> {
    await this.#queue.run(uid, async () => {
      for (const { id } of await this.#activeOf(uid)) {
        await this.#options.records.change(id, (row) =>
          row.socket === socket ? { socket: null } : undefined,
        );
      }
      const other = this.#options.links.forUid(uid);
      if (other) await this.#compare(other, true);
    });
  }

  async exited({ uid, socket }: LinkInfo, id: string, status: number | undefined): Promise<void> {
    await this.#recordEnd(
      { id, uid },
      status,
      (row) => row.uid === uid && (row.socket === socket || row.socket === null),
    );
  }

  /**
   * Updates the records of a uid to what `link` reports, and gives it the sessions that no link looks after.
   */
  async #compare(link: LinkConnection, mayRetry: boolean): Promise<void> {
    const { uid, socket } = link.info;
    const knows = ({ terminal }: SessionRow): boolean => terminal === null || link.hasTerminals;
    const rows = (await this.#activeOf(uid)).filter((row) => this.#isFor(row, socket) && knows(row));
    if (rows.length === 0) return;
    const known = byId(await link.list(rows.map(({ id }) => id)));
    const unknown = rows.filter(({ id }) => !known.has(id)).map(({ id }) => id);
    for (const some of chunksOf(unknown, ADOPT_BATCH_SIZE)) {
      const adopted = await link.adopt(some);
      for (const [id, state] of byId(adopted)) known.set(id, state);
    }
    // A keeper that still runs contradicts a link that reports an end, or does not know the session.
    const kept = new Set<string>();
    for (const row of rows) {
      const state = known.get(row.id);
      const isOver = state === undefined ? !mayRetry : state.exited !== undefined;
      if (isOver && (await this.#options.links.processes.isKept(row))) kept.add(row.id);
    }
    for (const { id } of rows.filter((row) => !kept.has(row.id))) {
      const state = known.get(id);
      if (state && !state.elsewhere) await this.#recordState({ id, uid }, state, socket);
      else if (!state && !mayRetry)
        await this.#recordEnd({ id, uid }, undefined, (row) => this.#isFor(row, socket));
    }
    const isOpen = ({ id }: SessionRow): boolean => {
      const state = known.get(id);
      if (kept.has(id)) return true;
      return state === undefined ? mayRetry : state.elsewhere;
    };
    if (rows.some(isOpen)) void this.#compareLater(uid);
  }

  async #compareLater(uid: number): Promise<void> {
    const { stopping, links, giveUpMs } = this.#options;
    await delay(giveUpMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
    if (stopping.aborted) return;
    await this.#queue
      .run(uid, async () => {
        const link = links.forUid(uid);
        if (link) await this.#compare(link, false);
      })
      .catch(() => undefined); // the link is gone: the next one is asked
  }

  async #recordState(session: OwnedSession, { exited }: SessionState, socket: string): Promise<void> {
    const mine = (row: SessionRow): boolean => this.#isFor(row, socket);
    if (exited) return this.#recordEnd(session, statusOf(exited.status).status, mine);
    await this.#options.records.change(session.id, (row) =>
      mine(row) && row.state !== 'ended' && (row.state !== 'running' || row.socket !== socket)
        ? { state: 'running', socket }
        : undefined,
    );
  }

  async #recordEnd(
    session: OwnedSession,
    status: number | undefined,
    isReportersOwn: (row: SessionRow) => boolean,
  ): Promise<void> {
    const { records, links, now } = this.#options;
    const oomKills = await links.processes.oomKillsOf(session);
    await records.end(session.id, { atMs: now(), status, oomKills }, isReportersOwn);
  }

  async #activeOf(uid: number): Promise<SessionRow[]> {
    const rows = await runningOfUid(this.#options.store, uid);
    return rows.filter(({ id }) => !this.#options.unanswered.has(id));
  }

  /** True when the link with `socket` must know this session. */
  #isFor({ socket: keptBy }: SessionRow, socket: string): boolean {
    return keptBy === socket || keptBy === null || !this.#options.links.isKnown(keptBy);
  }
}

function byId(states: readonly SessionState[]): Map<string, SessionState> {
  return new Map(states.map((state) => [state.sessionId, state]));
}
