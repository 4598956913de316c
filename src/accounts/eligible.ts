/** Which Linux accounts may have a link here (DESIGN 8; THREATS: an account without a shell). */
import { AppError } from '../errors.ts';
import { isLoginShell, NOBODY_UID } from '../system/login-shell.ts';
import { ownUid } from '../system/owned-path.ts';
import type { UserEntry } from './user-database.ts';

export interface EligibleSettings {
  readonly minUid: number;
  /** Linux users by name, eligible whatever their uid; the only way for uid 0. */
  readonly users: readonly string[];
  /** Self mode: the daemon's own uid and no other, with whatever shell. */
  readonly self: boolean;
}

/** Throws NOT_ELIGIBLE, saying why. `shells` are the host's valid login shells. */
export function checkEligible(
  { name, uid, shell }: UserEntry,
  settings: EligibleSettings,
  shells?: readonly string[],
): void {
  if (settings.self) {
    if (uid !== ownUid()) throw refused(name, "this daemon is another user's own");
    return;
  }
  if (uid === NOBODY_UID) throw refused(name, 'it is the account of nobody');
  const listed = settings.users.includes(name);
  if (uid === 0 && !listed) throw refused(name, 'it has uid 0 and is not listed in links.eligible.users');
  if (uid < settings.minUid && !listed) throw refused(name, 'its uid is below links.eligible.min_uid');
  if (!isLoginShell(shell, shells)) throw refused(name, 'it has no login shell');
}

function refused(name: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', `the account ${JSON.stringify(name)} may not have a link here: ${why}`);
}
