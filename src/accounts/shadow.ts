/**
 * What shadow(5) says against an account, for those who have not been let in by PAM: sudo looks at none of
 * it. Only who may read shadow hears of it: root, and the group of that name.
 */
import { AppError } from '../errors.ts';
import { getent } from './getent.ts';
import { isAskable } from './user-database.ts';

const DAY_MS = 86_400_000;
/** A password that usermod --lock has put out of force. A mere "!" or "*" is an account that never had one. */
const LOCKED = /^!+[^!*]/;

/** Throws NOT_ELIGIBLE for an account that is locked or has expired, and UNAVAILABLE. */
export async function checkNotClosed(name: string, nowMs: number): Promise<void> {
  const [line = ''] = isAskable(name) ? await getent('shadow', [name]) : [];
  const [, password = '', , , , , , lastDay = ''] = line.split(':');
  if (LOCKED.test(password)) throw closed(name, 'it is locked');
  if (lastDay !== '' && nowMs / DAY_MS >= Number(lastDay)) throw closed(name, 'it has expired');
}

function closed(name: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', `the account ${JSON.stringify(name)} may not have a link here: ${why}`);
}
