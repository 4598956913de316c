/** The kernel's view of the process at the other end of a unix socket. */
import type { Socket } from 'node:net';
import { codeOf } from '../errno.ts';
import { checked, libc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
const UCRED_BYTES = 12; // struct ucred: pid, uid, gid
const GID_BYTES = 4;
/** Room for the groups of most processes; the kernel says how many there are when there are more. */
const FEW_GROUPS = 64;

/** Credentials at the time of connect(2) or listen(2). `pid` is 0 for a process in another pid namespace. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** Returns SO_PEERCRED (unix(7)) of a connected socket. Throws when it is closed or of another family. */
export function peerCredentials(socket: Socket): PeerCredentials {
  const fd = descriptor(socket);
  const credentials = Buffer.alloc(UCRED_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(UCRED_BYTES);
  checked('getsockopt', libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length));
  if (length.readUInt32LE() !== UCRED_BYTES) throw new Error('getsockopt: unexpected length');
  const found = {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  };
  // The kernel's answer for a socket without a peer process, such as TCP.
  if (found.uid === 0xffff_ffff) throw new Error('getsockopt: this socket has no peer credentials');
  return found;
}

/**
 * Returns SO_PEERGROUPS (unix(7)): the supplementary group ids at the time of connect(2) or listen(2). One
 * without a number in this process's user namespace is 65534.
 */
export function peerGroups(socket: Socket): number[] {
  const fd = descriptor(socket);
  const length = Buffer.alloc(4);
  for (let groups = Buffer.alloc(FEW_GROUPS * GID_BYTES); ; groups = Buffer.alloc(length.readUInt32LE())) {
    length.writeUInt32LE(groups.length);
    try {
      checked('getsockopt', libc.getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, length));
    } catch (error) {
      if (codeOf(error) === 'ERANGE' && length.readUInt32LE() > groups.length) continue;
      throw error;
    }
    const count = length.readUInt32LE() / GID_BYTES;
    return Array.from({ length: count }, (_, at) => groups.readUInt32LE(at * GID_BYTES));
  }
}

/** Returns a socket's descriptor, which has no public name in Node. */
export function descriptor(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  if (handle?.fd === undefined || handle.fd < 0) throw new Error('getsockopt: the socket is closed');
  return handle.fd;
}
