/** The other end of a connection, as far as the kernel vouches for it. */
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type End, uidOfPeer } from './peer-uid.ts';

export interface Peer extends End {
  /** Whether the caller is on this host: its address is a loopback one, or one of the host's own. */
  readonly isLocal: boolean;
  /** The uid of a caller on this host, from the kernel; undefined when it cannot be told. */
  uid(): Promise<number | undefined>;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The peer at `theirs`, connected to our end `ours`. */
export function peerOf(theirs: End, ours: End): Peer {
  const address = plainAddress(theirs.address);
  const isLocal = isLocalAddress(address);
  let found: Promise<number | undefined> | undefined;
  return {
    address,
    port: theirs.port,
    isLocal,
    uid: () => {
      // The ends of an established connection keep their owner, so one answer serves all its calls.
      if (isLocal) found ??= uidOfPeer(theirs, ours);
      return found ?? Promise.resolve(undefined);
    },
  };
}

/** An IPv4 address that came over an IPv6 socket, in its usual form. */
export function plainAddress(address: string): string {
  const unmapped = address.replace(/^::ffff:/i, '');
  return isIPv4(unmapped) ? unmapped : address;
}

/** Whether packets from `address` can only have come from this host. */
export function isLocalAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')) return true;
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return own.some((entry) => plainAddress(entry.address) === address);
}
