/** A way to start a link daemon for a user who is not present to start it. */
import type { UserEntry } from '../../accounts/user-database.ts';

/** Detail of UNAVAILABLE: why PAM refuses the account, for its user. */
export const REFUSAL = 'refusal';
/** Detail of UNAVAILABLE: why sudo has refused, for the log (sudo-refusal.ts). */
export const SUDO_REASON = 'sudoReason';

export interface Starter {
  /**
   * Resolves once a link daemon of `user`, who is eligible, has registered. Throws NOT_ELIGIBLE, and
   * UNAVAILABLE, of which the user is told only the detail REFUSAL.
   */
  start(user: UserEntry): Promise<void>;
}
