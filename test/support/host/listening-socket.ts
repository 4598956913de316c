/** A TCP socket that listens on loopback and that nobody accepts from, as a service manager passes one. */
import { checked, loadFfi } from '../../../src/native/libc.ts';

const { functions: libc } = loadFfi().dlopen(null, {
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  getsockname: { arguments: ['int32', 'buffer', 'buffer'], return: 'int32' },
  listen: { arguments: ['int32', 'int32'], return: 'int32' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
});

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 64;

export class ListeningSocket implements Disposable {
  readonly fd = checked('socket', libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  readonly port: number;

  constructor() {
    const address = Buffer.alloc(16); // struct sockaddr_in
    address.writeUInt16LE(AF_INET, 0);
    address.set([127, 0, 0, 1], 4);
    checked('bind', libc.bind(this.fd, address, address.length));
    checked('listen', libc.listen(this.fd, BACKLOG));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(address.length);
    checked('getsockname', libc.getsockname(this.fd, address, length));
    this.port = address.readUInt16BE(2);
  }

  [Symbol.dispose](): void {
    libc.close(this.fd);
  }
}
