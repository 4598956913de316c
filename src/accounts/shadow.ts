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
  const why = (await shadowProblems([name], nowMs)).get(name);
  if (why !== undefined)
    throw new AppError('NOT_ELIGIBLE', `account ${JSON.stringify(name)} may not have a link: ${why}`);
}

/** Returns why some of the accounts may start nothing, by name. Throws UNAVAILABLE. */
export async function shadowProblems(names: readonly string[], nowMs: number): Promise<Map<string, string>> {
  const asked = names.filter(isQueryable);
  const lines = asked.length > 0 ? await getent('shadow', asked) : [];
  const problems = new Map<string, string>();
  for (const line of lines) {
    const [name = '', password = '', , , , , , lastDay = ''] = line.split(':');
    if (LOCKED.test(password)) problems.set(name, 'it is locked');
    else if (lastDay !== '' && nowMs / DAY_MS >= Number(lastDay)) problems.set(name, 'it has expired');
  }
  return problems;
}
