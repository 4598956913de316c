/** A listening unix datagram socket, as a service manager has one (sd_notify(3)). Node.js has none. */
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { unixAddress } from '../../../src/native/datagram.ts';
import { checked, errno, loadFfi, systemError } from '../../../src/native/libc.ts';

const { functions: libc } = loadFfi().dlopen(null, {
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
});

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const LOOK_MS = 2;
const PATIENCE_MS = 10_000;

export class DatagramListener implements Disposable {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.path = path;
    this.#fd = checked('socket', libc.socket(AF_UNIX, SOCK_DGRAM, 0));
    const address = unixAddress(path);
    checked('bind', libc.bind(this.#fd, address, address.length));
  }

  /** Returns the next message. */
  async next(): Promise<string> {
    const bytes = Buffer.alloc(4096);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(LOOK_MS)) {
      const length = Number(libc.recv(this.#fd, bytes, BigInt(bytes.length), MSG_DONTWAIT));
      if (length >= 0) return bytes.toString('utf8', 0, length);
      const number = errno();
      if (number !== EAGAIN) throw systemError('recv', number);
    }
    throw new Error('no message came');
  }

  [Symbol.dispose](): void {
    libc.close(this.#fd);
    if (!this.path.startsWith('@')) rmSync(this.path, { force: true });
  }
}
