/** Derives a local source address for a login, so that sshd's penalties and logs tell clients apart. */
import { createHash } from 'node:crypto';

/**
 * Returns an address 127.x.y.z that is fixed for a source and practically unique (sshd was seen to use it
 * as given). Never in 127.0.0.0/16, which other programs use. Undefined when sshd does not listen on IPv4
 * loopback.
 */
export function localAddressFor(source: string, host: string): string | undefined {
  if (!host.startsWith('127.')) return undefined;
  const [a = 0, b = 0, c = 0] = createHash('sha256').update(source).digest();
  return `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
}
