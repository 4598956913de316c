import { basename } from 'node:path';
import { programPath } from './program-path.ts';

/** Gives a program another name, which the sh of some systems cannot. Reads no file of the user. */
const RENAME = ['-p', '-c', 'exec -a "$0" "$@"'];

/**
 * Returns the program and arguments that run `shell` as login(1) does: the name it is given begins with "-".
 * Where there is no bash, which does that, the shell gets the option -l instead. Throws START_FAILED when the
 * shell cannot be executed.
 */
export function loginShell(shell: string): string[] {
  const path = programPath(shell || '/bin/sh', '', '/');
  try {
    return [programPath('bash', '/usr/bin:/bin:/usr/local/bin', '/'), ...RENAME, `-${basename(path)}`, path];
  } catch {
    return [path, '-l'];
  }
}
