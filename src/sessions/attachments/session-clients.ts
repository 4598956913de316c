/** The calls that are attached to sessions, or read their output: each can be cut. */
import type { AppError } from '../../errors.ts';

export interface SessionClient {
  /** Id of the token that it uses. */
  readonly jti: string;
  /** Ends its call at once. */
  readonly end: (error: AppError) => void;
}

export class SessionClients {
  readonly #bySession = new Map<string, Set<SessionClient>>();
  #cuts = 0;

  /** Number of cuts so far: a client may enter only if there was none since it was allowed to. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Adds a client, until the result is disposed of. */
  enter(sessionId: string, client: SessionClient): Disposable {
    const clients = this.#bySession.get(sessionId) ?? new Set();
    this.#bySession.set(sessionId, clients);
    clients.add(client);
    return {
      [Symbol.dispose]: () => {
        clients.delete(client);
        if (clients.size === 0 && this.#bySession.get(sessionId) === clients)
          this.#bySession.delete(sessionId);
      },
    };
  }

  /** Counts the clients of a session, without those that use the token `exceptJti`. */
  count(sessionId: string, exceptJti?: string): number {
    return this.#others(sessionId, exceptJti).length;
  }

  /** Ends the calls of these clients with `error`; returns their number. */
  cut(sessionId: string, error: AppError, exceptJti?: string): number {
    this.#cuts += 1;
    const clients = this.#others(sessionId, exceptJti);
    for (const client of clients) client.end(error);
    return clients.length;
  }

  #others(sessionId: string, exceptJti: string | undefined): SessionClient[] {
    return [...(this.#bySession.get(sessionId) ?? [])].filter(({ jti }) => jti !== exceptJti);
  }
}
