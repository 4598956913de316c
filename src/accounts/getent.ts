/** Queries the host's user database with getent(1), through NSS, so that files, LDAP and SSSD work alike. */

import { AppError } from '../errors.ts';
import { runProgram } from '../system/run-program.ts';

const GETENT = '/usr/bin/getent';
const MAX_BYTES = 16 * 1024 * 1024; // a group with a hundred thousand members
const FOUND = 0;
const NOT_FOUND = 2;

export type Database = 'passwd' | 'shadow' | 'group' | 'initgroups';

/**
 * Returns the lines found for `keys`, which the caller has checked to be names or numbers. A key without
 * an entry yields no line. Throws UNAVAILABLE when there is no answer within 5 s.
 */
export async function getent(database: Database, keys: readonly string[]): Promise<string[]> {
  try {
    const { status, stdout, stderr } = await runProgram(GETENT, [database, '--', ...keys], MAX_BYTES);
    if (status === FOUND || status === NOT_FOUND) return stdout.split('\n').filter((line) => line !== '');
    throw new Error(`status ${status}: ${stderr.trim()}`);
  } catch (error) {
    throw new AppError('UNAVAILABLE', 'the user database of this host is unavailable', { cause: error });
  }
}
