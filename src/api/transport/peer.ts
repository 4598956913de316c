/** The other end of a connection, as the kernel reports it. */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Endpoint, uidOfPeer } from './peer-uid.ts';

export interface Peer extends Endpoint {
  /** True when the caller is on this host: the address is a loopback address or one of the host's own. */
  readonly isLocal: boolean;
  /** Returns the uid of a caller on this host, from the kernel; undefined when it cannot be determined. */
  uid(): Promise<number | undefined>;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Returns the peer at `theirs`, connected to our endpoint `ours`. */
export function peerOf(theirs: Endpoint, ours: Endpoint): Peer {
  const address = plainAddress(theirs.address);
  const isLocal = isLocalAddress(address);
  let found: Promise<number | undefined> | undefined;
  return {
    address,
    port: theirs.port,
    isLocal,
    uid: () => {
      // An established connection keeps its owner, so one lookup serves all its calls.
      if (isLocal) found ??= uidOfPeer(theirs, ours);
      return found ?? Promise.resolve(undefined);
    },
  };
}

/** Converts an IPv4-mapped IPv6 address to IPv4. */
export function plainAddress(address: string): string {
  const unmapped = address.replace(/^::ffff:/i, '');
  return isIPv4(unmapped) ? unmapped : address;
}

/**
 * True when packets from `address` can only come from this host. False for its addresses other than loopback
 * while they cannot be read, for example without descriptors.
 */
export function isLocalAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')) return true;
  return addressesOfHost().includes(address);
}

function addressesOfHost(): string[] {
  try {
    const entries = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    return entries.map((entry) => plainAddress(entry.address));
  } catch {
    return [];
  }
}
