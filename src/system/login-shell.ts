/** Which accounts people log in to: daemon and link must decide alike (DESIGN 7.8, 8). */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { codeOf } from '../errno.ts';
import { AppError } from '../errors.ts';

/** nobody, and what a uid looks like that is not mapped into a user namespace (user_namespaces(7)). */
export const NOBODY_UID = 65_534;

/** Programs that end at once: no shells, even where /etc/shells has them. */
const NO_SHELL = new Set(['nologin', 'false', 'true', 'sync', 'halt', 'shutdown']);

/** Whether `shell`, as a user's entry has it, is one of the host's valid login shells. Throws UNAVAILABLE. */
export function isLoginShell(shell: string, shells: readonly string[] = loginShells()): boolean {
  const path = shell === '' ? '/bin/sh' : shell; // passwd(5)
  return !NO_SHELL.has(basename(path)) && shells.includes(path);
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
