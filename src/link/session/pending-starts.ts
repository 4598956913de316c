/** Starts whose keeper waits for the daemon to move it to its cgroup and release it. */
import { AppError } from '../../errors.ts';
import type { Start } from '../../generated/latchkey/link/v1/link.ts';
import type { Session } from './session.ts';
import type { Hold } from './start-session.ts';

interface HeldStart {
  readonly started: Promise<Session>;
  readonly allow: (run: boolean) => void;
}

export class PendingStarts {
  readonly #begin: (start: Start, hold: Hold) => Promise<Session>;
  readonly #held = new Map<string, HeldStart>();

  constructor(begin: (start: Start, hold: Hold) => Promise<Session>) {
    this.#begin = begin;
  }

  /** Resolves with the waiting keeper's process id. Throws as `startSession` does. */
  async start(start: Start): Promise<number> {
    if (this.#held.has(start.sessionId)) throw new AppError('INVALID_ARGUMENT', 'session_id: already in use');
    const keeper = Promise.withResolvers<number>();
    const { promise: allowed, resolve: allow } = Promise.withResolvers<boolean>();
    const started = this.#begin(start, (pid) => {
      keeper.resolve(pid);
      return allowed;
    });
    this.#held.set(start.sessionId, { started, allow });
    started
      .catch(keeper.reject) // in case it failed before there was a keeper
      .finally(() => this.#held.delete(start.sessionId));
    return keeper.promise;
  }

  /**
   * Resolves once the program runs. Throws NOT_FOUND when no such start waits, and as `startSession` does.
   */
  async release(id: string, run: boolean): Promise<Session> {
    const held = this.#held.get(id);
    if (held === undefined) throw new AppError('NOT_FOUND', 'no start of this session is waiting');
    held.allow(run);
    return held.started;
  }
}
