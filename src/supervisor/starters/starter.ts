/** A way to have a link daemon of somebody who is not there to start it. */
import type { UserEntry } from '../../accounts/user-database.ts';

export interface Starter {
  /**
   * Resolves once a link daemon of `user`, who is eligible, has registered. Throws UNAVAILABLE, for the log and not
   * for the caller, and NOT_ELIGIBLE.
   */
  start(user: UserEntry): Promise<void>;
}
