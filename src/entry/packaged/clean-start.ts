/**
 * Restarts the program without environment variables that influence Node or OpenSSL: where to write
 * coverage, what to trust, what to load. (NODE_OPTIONS is disabled in this program's Node.) Much of it is
 * read before any of our code runs, so a program that guards accounts restarts without it.
 */
import { isSea } from 'node:sea';

const UNSAFE_VARIABLES = /^(NODE_|OPENSSL_|SSL_CERT_|UV_)/;

/**
 * Returns when the environment has no such variable; otherwise executes this program again without them
 * (execve(2)).
 */
export function startClean(): void {
  if (!isSea()) return;
  const entries = Object.entries(process.env);
  const clean = entries.filter(([name]) => !UNSAFE_VARIABLES.test(name));
  if (clean.length === entries.length) return;
  process.execve?.(process.execPath, [process.argv0, ...process.argv.slice(2)], Object.fromEntries(clean));
}
