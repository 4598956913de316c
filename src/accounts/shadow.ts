/**
 * Checks an account in shadow(5), for links that are started without PAM: sudo checks none of it. Only
 * root and the group shadow can read shadow; for others this check finds nothing.
 */
import { AppError } from '../errors.ts';
import { getent } from './getent.ts';
import { isQueryable } from './user-database.ts';

const DAY_MS = 86_400_000;
/** A password hash locked by usermod --lock. A plain "!" or "*" means that there never was a password. */
const LOCKED = /^!+[^!*]/;

/** Throws NOT_ELIGIBLE when the account is locked or expired, UNAVAILABLE when shadow cannot be queried. */
export async function checkShadow(name: string, nowMs: number): Promise<void> {
  const [line = ''] = isQueryable(name) ? await getent('shadow', [name]) : [];
  const [, password = '', , , , , , lastDay = ''] = line.split(':');
  if (LOCKED.test(password)) throw notEligible(name, 'it is locked');
  if (lastDay !== '' && nowMs / DAY_MS >= Number(lastDay)) throw notEligible(name, 'it has expired');
}

function notEligible(name: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', `account ${JSON.stringify(name)} may not have a link: ${why}`);
}
