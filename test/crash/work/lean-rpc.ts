/**
 * Unary gRPC calls directly over node:http2 (PROTOCOL-HTTP2.md of gRPC), for a million calls: a client
 * that costs more than the server would leave the server idle.
 */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { callError } from '../../../src/link/connection/call-error.ts';

export interface LeanAnswer {
  /** ErrorInfo.reason; undefined when the call succeeded. */
  readonly reason: string | undefined;
  readonly response: Buffer | undefined;
}

const HEADER_BYTES = 5;
const PATIENCE_MS = 60_000;

export class LeanRpc implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor({ address, ca }: { address: string; ca: string }) {
    this.#session = connect(`https://${address}`, { ca, servername: 'localhost' });
    this.#session.on('error', () => {}); // each call says so itself
  }

  /** Calls `path` ("/package.Service/Method"). Rejects when there is no answer. */
  unary(path: string, request: Uint8Array, token: string): Promise<LeanAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<LeanAnswer>();
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    });
    const received: Buffer[] = [];
    let reason: string | undefined;
    const end = (trailers: IncomingHttpHeaders): void => {
      reason = callError(trailers)?.reason;
    };
    stream.setTimeout(PATIENCE_MS, () => stream.destroy(new Error(`${path}: no answer`)));
    stream.on('trailers', end);
    // A call that fails at once has its trailers in the response headers.
    stream.on('response', (headers) => headers['grpc-status'] !== undefined && end(headers));
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      const response = reason === undefined ? Buffer.concat(received).subarray(HEADER_BYTES) : undefined;
      resolve({ reason, response });
    });
    stream.end(framed(request));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** Adds the gRPC prefix: not compressed, and the length. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER_BYTES);
  return frame;
}
