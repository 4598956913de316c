/** Names and addresses in the server's TLS certificate (RFC 5280 section 4.2.1.6). */
import type { X509Certificate } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/** Sorted, without duplicates. */
export interface ServerNames {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const ALWAYS = { names: ['localhost'], addresses: ['127.0.0.1', '::1'] };
const DNS_NAME = /^[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/;

/**
 * Returns the names and addresses found on the host, plus localhost and the server's id. Omits those that
 * a certificate cannot contain.
 */
export function serverNames(found: ServerNames & { readonly serverId: string }): ServerNames {
  const names = [...ALWAYS.names, found.serverId, ...found.names].map((name) => name.toLowerCase());
  const addresses = [...ALWAYS.addresses, ...found.addresses].flatMap(canonicalAddress);
  return {
    names: [...new Set(names)].filter((name) => name.length <= 253 && DNS_NAME.test(name)).sort(),
    addresses: [...new Set(addresses)].sort(),
  };
}

/** Returns the address without a zone (`%eth0`), IPv6 in its shortest form (RFC 5952). */
function canonicalAddress(address: string): string[] {
  const [plain = ''] = address.split('%');
  if (isIPv4(plain)) return [plain];
  return isIPv6(plain) ? [new URL(`http://[${plain}]`).hostname.slice(1, -1)] : [];
}

/** Returns true when `certificate` has exactly these names and addresses. */
export function isFor(certificate: X509Certificate, { names, addresses }: ServerNames): boolean {
  const count = certificate.subjectAltName?.split(', ').length ?? 0;
  return (
    count === names.length + addresses.length &&
    names.every(
      (name) => certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined,
    ) &&
    addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}
