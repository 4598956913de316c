/**
 * Questions to the host's user database, through NSS, so that LDAP, SSSD and files answer alike.
 * getent(1).
 */
import { execFile } from 'node:child_process';
import { AppError } from '../errors.ts';

const GETENT = '/usr/bin/getent';
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024; // a group with a hundred thousand members
const NOT_FOUND = 2;

export type Database = 'passwd' | 'shadow' | 'group' | 'initgroups';

/**
 * The lines found for `keys`, each of which the caller has made sure to be a name or a number.
 * Keys without an entry give no line. Throws UNAVAILABLE when there is no answer within 5 s.
 */
export function getent(database: Database, keys: readonly string[]): Promise<string[]> {
  const options = {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    cwd: '/',
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_BYTES,
  } as const;
  return new Promise((resolve, reject) => {
    execFile(GETENT, [database, '--', ...keys], options, (error, stdout) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      // Past the time limit Node throws away what was printed, though getent may have ended well before it.
      const isWhole =
        error === null ? lines.length >= keys.length : error.code === NOT_FOUND && !error.killed;
      if (isWhole) resolve(lines);
      else
        reject(
          new AppError('UNAVAILABLE', 'the user database of this host does not answer', { cause: error }),
        );
    });
  });
}
