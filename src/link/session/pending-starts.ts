/** Starts whose keeper waits until the daemon has put it where it belongs, and says so. */
import { AppError } from '../../errors.ts';
import type { Start } from '../../generated/latchkey/link/v1/link.ts';
import type { Session } from './session.ts';
import type { Hold } from './start-session.ts';

interface HeldStart {
  readonly started: Promise<Session>;
  readonly pass: (run: boolean) => void;
}

export class PendingStarts {
  readonly #begin: (start: Start, hold: Hold) => Promise<Session>;
  readonly #held = new Map<string, HeldStart>();

  constructor(begin: (start: Start, hold: Hold) => Promise<Session>) {
    this.#begin = begin;
  }

  /** Resolves with the waiting keeper's process id. Throws as a start does. */
  async start(start: Start): Promise<number> {
    if (this.#held.has(start.sessionId)) throw new AppError('INVALID_ARGUMENT', 'session_id is taken');
    const keeper = Promise.withResolvers<number>();
    const { promise: allowed, resolve: pass } = Promise.withResolvers<boolean>();
    const started = this.#begin(start, (pid) => {
      keeper.resolve(pid);
      return allowed;
    });
    this.#held.set(start.sessionId, { started, pass });
    started
      .catch(keeper.reject) // for one that has not come so far
      .finally(() => this.#held.delete(start.sessionId));
    return keeper.promise;
  }

  /** Resolves once the program is being run. Throws NOT_FOUND for what does not wait, and as a start does. */
  async release(id: string, run: boolean): Promise<Session> {
    const held = this.#held.get(id);
    if (held === undefined) throw new AppError('NOT_FOUND', 'no start of this session waits here');
    held.pass(run);
    return held.started;
  }
}
