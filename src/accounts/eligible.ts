/** Decides which Linux accounts may have a link (DESIGN 8; THREATS: an account without a shell). */
import { AppError } from '../errors.ts';
import { isLoginShell, NOBODY_UID } from '../system/login-shell.ts';
import { ownUid } from '../system/owned-path.ts';
import type { UserEntry } from './user-database.ts';

export interface EligibleSettings {
  readonly minUid: number;
  /** Linux users that are eligible whatever their uid; the only way to allow uid 0. */
  readonly users: readonly string[];
  /** Self mode: only the daemon's own uid is eligible, with any shell. */
  readonly self: boolean;
}

/** Throws NOT_ELIGIBLE with the reason. `shells` are those of /etc/shells. */
export function checkEligible(
  { name, uid, shell }: UserEntry,
  settings: EligibleSettings,
  shells?: readonly string[],
): void {
  if (settings.self) {
    if (uid !== ownUid()) throw notEligible(name, 'this server runs for another user');
    return;
  }
  if (uid === NOBODY_UID) throw notEligible(name, 'it is the overflow user (nobody)');
  const listed = settings.users.includes(name);
  if (uid === 0 && !listed) throw notEligible(name, 'it has uid 0 and is not listed in links.eligible.users');
  if (uid < settings.minUid && !listed) throw notEligible(name, 'its uid is below links.eligible.min_uid');
  if (!isLoginShell(shell, shells)) throw notEligible(name, 'it has no login shell');
}

function notEligible(name: string, why: string): AppError {
  const message = `account ${JSON.stringify(name)} may not have a link: ${why}`;
  return new AppError('NOT_ELIGIBLE', message, { details: { why } });
}
