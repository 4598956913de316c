/** Which Linux accounts may have a link here (DESIGN 8; THREATS: an account without a shell). */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf } from '../errno.ts';
import { AppError } from '../errors.ts';
import { ownUid } from '../owned-path.ts';
import type { UserEntry } from './user-database.ts';

export interface EligibleSettings {
  readonly minUid: number;
  /** Linux users by name, eligible whatever their uid; the only way for uid 0. */
  readonly users: readonly string[];
  /** Self mode: the daemon's own uid and no other, with whatever shell. */
  readonly self: boolean;
}

const NOBODY = 65_534;
const NO_SHELL = new Set(['nologin', 'false', 'true', 'sync', 'halt', 'shutdown']);

/** Throws NOT_ELIGIBLE, saying why. `shells` are the host's valid login shells. */
export function checkEligible(
  { name, uid, shell }: UserEntry,
  settings: EligibleSettings,
  shells: readonly string[] = loginShells(),
): void {
  if (settings.self) {
    if (uid !== ownUid()) throw refused(name, "this daemon is another user's own");
    return;
  }
  if (uid === NOBODY) throw refused(name, 'it is the account of nobody');
  const listed = settings.users.includes(name);
  if (uid === 0 && !listed) throw refused(name, 'it has uid 0 and is not listed in links.eligible.users');
  if (uid < settings.minUid && !listed) throw refused(name, 'its uid is below links.eligible.min_uid');
  const path = shell === '' ? '/bin/sh' : shell; // passwd(5)
  if (NO_SHELL.has(basename(path)) || !shells.includes(path)) throw refused(name, 'it has no login shell');
}

/** shells(5); what getusershell(3) takes when there is no such file. */
function loginShells(): string[] {
  try {
    const lines = readFileSync('/etc/shells', 'utf8').split('\n');
    return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line.startsWith('/'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ['/bin/sh', '/bin/csh'];
    throw new AppError('UNAVAILABLE', '/etc/shells cannot be read', { cause: error });
  }
}

function refused(name: string, why: string): AppError {
  return new AppError('NOT_ELIGIBLE', `the account ${JSON.stringify(name)} may not have a link here: ${why}`);
}
