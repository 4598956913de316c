import type { Idle } from '../../generated/latchkey/link/v1/link.ts';

/** Events that a link sends without a request. */
export interface LinkEvents {
  /** The link names the keeper of a session that the server has; `pid` is 0 when it names none. */
  named(sessionId: string, pid: number): void;
  /**
   * A session that this connection has named has ended. `named` resolves when its keeper has been named, or
   * will not be.
   */
  exited(sessionId: string, status: number | undefined, named: Promise<void>): void;
  /** The number of running sessions has changed. */
  counted(): void;
  /** A session that this connection has named is idle, or busy again. */
  idle(idle: Idle): void;
  warning(sessionId: string, text: string): void;
  /** The link has sent its last frame. */
  stopped(): void;
}
