/** A way to start a link daemon for a user who is not present to start it. */
import type { UserEntry } from '../../accounts/user-database.ts';

export interface Starter {
  /**
   * Resolves once a link daemon of `user`, who is eligible, has registered. Throws NOT_ELIGIBLE, and
   * UNAVAILABLE, which is only logged.
   */
  start(user: UserEntry): Promise<void>;
}
