/** HTTP/2 frame by frame (RFC 9113, 4.1), to send what no client library sends. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEADER_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const END_HEADERS = 4;
const ACK = 1;

/** Sends what a test wants, and answers nothing. */
export class RawHttp2 implements Disposable {
  readonly #socket: TLSSocket;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  static async connect(port: number, ca: string): Promise<RawHttp2> {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ALPNProtocols: ['h2'] });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0)]));
    return new RawHttp2(socket);
  }

  /** Begins a call; stream ids of a client are odd and increase. */
  begin(stream: number, headers: Record<string, string>): void {
    const all = { ':scheme': 'https', ':authority': 'localhost', ...headers };
    const block = Object.entries(all).flatMap(([name, value]) => [
      Buffer.of(0),
      literal(name),
      literal(value),
    ]);
    this.#socket.write(frame(HEADERS, stream, Buffer.concat(block), END_HEADERS));
  }

  /** Sends a DATA frame for every `size` bytes; resolves when the other side has received all of them. */
  async send(stream: number, bytes: Buffer, size: number): Promise<void> {
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size)
      frames.push(frame(DATA, stream, bytes.subarray(at, at + size)));
    this.#socket.write(Buffer.concat(frames));
    await this.ping();
  }

  /** Resolves when the other side has received all that was sent before. Throws when it closes first. */
  async ping(): Promise<void> {
    const stamp = randomBytes(8);
    const answer = frame(PING, 0, stamp, ACK);
    this.#socket.write(frame(PING, 0, stamp));
    const got: Buffer[] = [];
    while (!Buffer.concat(got).includes(answer)) got.push(...(await this.#received()));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #received(): Promise<Buffer[]> {
    const closed = new AbortController();
    const close = (): void => closed.abort(new Error('the connection was closed'));
    this.#socket.once('close', close);
    if (this.#socket.destroyed) close();
    try {
      return await once(this.#socket, 'data', { signal: closed.signal });
    } finally {
      this.#socket.off('close', close);
    }
  }
}

function frame(type: number, stream: number, payload: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Encodes a string literal without Huffman code (RFC 7541, 5.2), of up to 254 bytes. */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127];
  return Buffer.concat([Buffer.from(length), bytes]);
}
