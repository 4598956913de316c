/** Notes which sessions are idle, as their links say, and disconnects the clients of those that shall be. */
import { AppError } from '../../errors.ts';
import { type Idle, IdleAction } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { LinkInfo } from '../../supervisor/link-info.ts';
import type { LinkObserver } from '../../supervisor/observer.ts';
import { enumWord } from '../../values/enum-word.ts';
import type { SessionClients } from '../attachments/session-clients.ts';
import type { Records } from '../records.ts';
import type { IdleNotice } from '../session.ts';

export interface IdleNoticesOptions {
  readonly records: Pick<Records, 'find' | 'setIdle' | 'acted'>;
  readonly clients: Pick<SessionClients, 'cut'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class IdleNotices implements LinkObserver {
  readonly #options: IdleNoticesOptions;
  /** Ids of sessions with a notice, by the socket of the link that said so. */
  readonly #noted = new Map<string, Set<string>>();

  constructor(options: IdleNoticesOptions) {
    this.#options = options;
  }

  async idle(link: LinkInfo, { sessionId, idleSeconds, secondsLeft, ...told }: Idle): Promise<void> {
    const { records, now } = this.#options;
    const row = await records.find(sessionId);
    if (row === undefined || row.uid !== link.uid || row.state === 'ended') return;
    const action = enumWord(IdleAction, told.action);
    if (action === undefined) this.#set(link, row, undefined);
    else if (action === 'disconnect' && secondsLeft === 0) this.#disconnect(link, row);
    else {
      const nowMs = now();
      const sinceMs = nowMs - idleSeconds * 1000;
      this.#set(link, row, { action, sinceMs, actsAtMs: nowMs + secondsLeft * 1000 });
    }
  }

  /** The next link of these sessions warns them anew. */
  async gone(link: LinkInfo): Promise<void> {
    const ids = this.#noted.get(link.socket) ?? [];
    this.#noted.delete(link.socket);
    for (const id of ids) {
      const row = await this.#options.records.find(id);
      if (row !== undefined) this.#set(link, row, undefined);
    }
  }

  #disconnect(link: LinkInfo, row: SessionRow): void {
    const { records, clients } = this.#options;
    this.#set(link, row, undefined);
    const cut = clients.cut(row.id, disconnectedError());
    if (cut > 0) records.acted(row, { kind: 'disconnected', clients: cut });
  }

  #set({ socket }: LinkInfo, row: SessionRow, notice: IdleNotice | undefined): void {
    const noted = this.#noted.get(socket) ?? new Set();
    if (notice === undefined) noted.delete(row.id);
    else noted.add(row.id);
    if (noted.size > 0) this.#noted.set(socket, noted);
    else this.#noted.delete(socket);
    this.#options.records.setIdle(row, notice);
  }
}

function disconnectedError(): AppError {
  const message = 'disconnected since the session was idle; the session continues';
  return new AppError('SESSION_DISCONNECTED', message);
}
