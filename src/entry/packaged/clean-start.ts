/**
 * Node and OpenSSL read more from the environment than NODE_OPTIONS, which this program's Node is built
 * to ignore: where to write coverage, what to trust, what to load. Much of it is read before any
 * of our code runs, so a program that guards accounts starts once more without it.
 */
import { isSea } from 'node:sea';

const STEERING = /^(NODE_|OPENSSL_|SSL_CERT_|UV_)/;

/** Returns when the environment holds nothing of the kind; else this process becomes one without it (execve(2)). */
export function startClean(): void {
  if (!isSea()) return;
  const entries = Object.entries(process.env);
  const clean = entries.filter(([name]) => !STEERING.test(name));
  if (clean.length === entries.length) return;
  process.execve?.(process.execPath, [process.argv0, ...process.argv.slice(2)], Object.fromEntries(clean));
}
