/** Single gRPC calls over a bare HTTP/2 connection, as no client library makes them. */
import type { ClientHttp2Stream } from 'node:http2';

export const GET_KEYS = 'latchkey.v1.AuthService/GetKeys';
export const WHO_AM_I = 'latchkey.v1.AuthService/WhoAmI';
export const ATTACH = 'latchkey.v1.SessionService/AttachSession';
export const WATCH_HEALTH = 'grpc.health.v1.Health/Watch';

/** Returns the headers of a call, with `more`. */
export function callHeaders(method: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': `/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  };
}

/** Resolves with the gRPC status of a raw call (from headers or trailers), or undefined when it was reset. */
export function grpcStatus(stream: ClientHttp2Stream): Promise<number | undefined> {
  return new Promise((resolve) => {
    let status: number | undefined;
    const read = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status']);
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => {});
    stream.on('close', () => resolve(status));
    stream.resume();
  });
}

/** Returns a message with its gRPC prefix, which declares `declared` bytes. */
export function framed(message: Uint8Array, declared = message.length): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(declared, 1);
  frame.set(message, 5);
  return frame;
}

/** A message without fields, with its gRPC prefix. */
export const EMPTY: Buffer = framed(Buffer.alloc(0));
