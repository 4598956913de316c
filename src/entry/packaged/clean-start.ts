/**
 * Restarts the program without environment variables that influence Node or OpenSSL: where to write
 * coverage, what to trust, what to load. (NODE_OPTIONS is disabled in this program's Node.) Much of it is
 * read before any of our code runs, so a program that guards accounts restarts without it.
 */
import { isSea } from 'node:sea';
import { hasRawBytes } from '../../values/raw-text.ts';
import { rawArguments, rawEnvironment } from '../raw-arguments.ts';
import { setAside } from '../set-aside.ts';

const UNSAFE_VARIABLES = /^(NODE_|OPENSSL_|SSL_CERT_|UV_)/;

/**
 * Returns when the environment has no such variable; otherwise executes this program again without them
 * (execve(2)). A link that sudo or sshd starts sets them aside: PAM has set them for its user's programs.
 */
export async function startClean(): Promise<void> {
  if (!isSea() || !Object.keys(process.env).some((name) => UNSAFE_VARIABLES.test(name))) return;
  const variables = rawEnvironment(process.env);
  const clean = isOfLogin() ? setAside(variables, UNSAFE_VARIABLES) : without(variables);
  const argv = [process.argv0, ...rawArguments(process.argv.slice(2))];
  if (![...Object.entries(clean).flat(), ...argv].some(hasRawBytes))
    process.execve?.(process.execPath, argv, clean);
  else (await import('../../native/exec.ts')).execute(process.execPath, argv, clean);
}

function isOfLogin(): boolean {
  return process.argv[2] === 'link' && ('SUDO_UID' in process.env || process.argv.includes('--prove'));
}

function without(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !UNSAFE_VARIABLES.test(name)));
}
