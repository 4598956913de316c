/** Sends a datagram to a unix socket, for which Node has no function. */
import { checked, libc, systemError } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Size of sun_path in struct sockaddr_un, including the final NUL. */
const PATH_BYTES = 108;

/**
 * Sends `message` to the socket at `path`; a leading `@` means the abstract name space (unix(7)). Never
 * blocks. Throws an error with the errno's name as `code`.
 */
export function sendDatagram(path: string, message: string): void {
  const address = unixAddress(path);
  const fd = checked('socket', libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    const bytes = Buffer.from(message);
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = libc.sendto(fd, bytes, BigInt(bytes.length), flags, address, address.length);
    if (Number(sent) === -1) throw systemError('sendto');
  } finally {
    libc.close(fd);
  }
}

/** Returns the struct sockaddr_un for `path`. */
export function unixAddress(path: string): Buffer {
  const isAbstract = path.startsWith('@');
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > PATH_BYTES) throw new Error("sendto: the socket's path is too long");
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, name]);
}
