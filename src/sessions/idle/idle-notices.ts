/** Notes which sessions are idle, as their links say, and disconnects the clients of those that shall be. */
import { AppError } from '../../errors.ts';
import { type Idle, IdleAction } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { LinkInfo } from '../../supervisor/link-info.ts';
import type { LinkObserver } from '../../supervisor/observer.ts';
import { enumWord } from '../../values/enum-word.ts';
import type { SessionClients } from '../attachments/session-clients.ts';
import type { Records } from '../records.ts';

export interface IdleNoticesOptions {
  readonly records: Pick<Records, 'find' | 'setIdle' | 'acted'>;
  readonly clients: Pick<SessionClients, 'cut'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class IdleNotices implements LinkObserver {
  readonly #options: IdleNoticesOptions;
  /** Last words of links on each session with a notice, by the socket of its link and by session id. */
  readonly #noted = new Map<string, Map<string, string>>();

  constructor(options: IdleNoticesOptions) {
    this.#options = options;
  }

  async idle(link: LinkInfo, { sessionId, idleSeconds, secondsLeft, ...told }: Idle): Promise<void> {
    const { records, now } = this.#options;
    const row = await records.find(sessionId);
    if (row === undefined || row.uid !== link.uid || row.state === 'ended') return;
    const action = enumWord(IdleAction, told.action);
    if (action === undefined) this.#clear(link, row);
    else if (action === 'disconnect' && secondsLeft === 0) this.#disconnect(link, row);
    else {
      const nowMs = now();
      const sinceMs = nowMs - idleSeconds * 1000;
      const isNews = this.#note(link, row, secondsLeft === 0 ? `${action} now` : action);
      records.setIdle(row, { action, sinceMs, actsAtMs: nowMs + secondsLeft * 1000 }, isNews);
    }
  }

  async exited({ socket }: LinkInfo, sessionId: string): Promise<void> {
    this.#noted.get(socket)?.delete(sessionId);
  }

  /** The next link of these sessions warns them anew. */
  async gone(link: LinkInfo): Promise<void> {
    for (const id of [...(this.#noted.get(link.socket)?.keys() ?? [])]) {
      const row = await this.#options.records.find(id);
      if (row !== undefined) this.#clear(link, row);
    }
    this.#noted.delete(link.socket);
  }

  #disconnect(link: LinkInfo, row: SessionRow): void {
    const { records, clients } = this.#options;
    this.#clear(link, row);
    const cut = clients.cut(row.id, disconnectedError());
    if (cut > 0) records.acted(row, { kind: 'disconnected', clients: cut });
  }

  /** Returns false when the link has said the same of this session before, as after a reload. */
  #note({ socket }: LinkInfo, { id }: SessionRow, said: string): boolean {
    const noted = this.#noted.get(socket) ?? new Map<string, string>();
    this.#noted.set(socket, noted);
    const isNews = noted.get(id) !== said;
    noted.set(id, said);
    return isNews;
  }

  #clear({ socket }: LinkInfo, row: SessionRow): void {
    this.#noted.get(socket)?.delete(row.id);
    this.#options.records.setIdle(row);
  }
}

function disconnectedError(): AppError {
  const message = 'disconnected since the session was idle; the session continues';
  return new AppError('SESSION_DISCONNECTED', message);
}
