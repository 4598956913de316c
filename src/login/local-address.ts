/** Where a login comes from as the local sshd sees it, so that its penalties and logs tell clients apart. */
import { createHash } from 'node:crypto';

/**
 * 127.x.y.z, always the same for one source and hardly ever for two (tried: sshd keeps it). Never in
 * 127.0.0.0/16, which others use. Undefined where the sshd does not listen on IPv4 loopback.
 */
export function localAddressFor(source: string, host: string): string | undefined {
  if (!host.startsWith('127.')) return undefined;
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(source).digest();
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
