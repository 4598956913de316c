/** Decides which accounts people can log in to; daemon and link must agree (DESIGN 7.8, 8). */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf, reasonOf } from '../errno.ts';
import { AppError } from '../errors.ts';

/** Uid of nobody, and of uids that are not mapped into a user namespace (user_namespaces(7)). */
export const NOBODY_UID = 65_534;

/** Programs that exit at once: never login shells, even when /etc/shells lists them. */
const NO_SHELL = new Set(['nologin', 'false', 'true', 'sync', 'halt', 'shutdown']);

/**
 * Returns true when `shell`, as in a user's passwd entry, is a valid login shell of the host. Throws
 * UNAVAILABLE.
 */
export function isLoginShell(shell: string, shells: readonly string[] = loginShells()): boolean {
  const path = shell === '' ? '/bin/sh' : shell; // passwd(5)
  return !NO_SHELL.has(basename(path)) && shells.includes(path);
}

/** shells(5); without the file, the defaults of getusershell(3). */
function loginShells(): string[] {
  try {
    const lines = readFileSync('/etc/shells', 'utf8').split('\n');
    return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line.startsWith('/'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ['/bin/sh', '/bin/csh'];
    throw new AppError('UNAVAILABLE', `/etc/shells cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
