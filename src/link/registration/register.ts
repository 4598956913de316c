/**
 * RegisterLink, the only gRPC call that a link makes, over node:http2: loading a gRPC library would make
 * every link slower and larger (PROTOCOL-HTTP2.md of gRPC). TLS 1.3 only; trusts the CA in server.json
 * and nothing else, and requires a certificate for the server's id.
 */
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../errno.ts';
import { AppError, isAppError } from '../../errors.ts';
import {
  type RegisterLinkRequest,
  RegisterLinkResponse,
  RegisterLinkRequest as Request,
} from '../../generated/latchkey/v1/link.ts';
import type { LocalServer } from '../../system/local-server.ts';
import { callError } from '../connection/call-error.ts';

const METHOD = '/latchkey.v1.LinkService/RegisterLink';
const CALL_MS = 15_000;
const RETRY_DELAY_MS = 200;
const PREFIX_BYTES = 5; // compression flag and length
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Registers with the server, retrying for `timeoutMs` while it is unreachable. Throws the server's
 * error, or UNREACHABLE.
 */
export async function registerLink(
  server: () => LocalServer | undefined,
  request: RegisterLinkRequest,
  timeoutMs: number,
): Promise<RegisterLinkResponse> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const local = server();
      if (local === undefined)
        throw new AppError('UNREACHABLE', 'no Latchkey server is running on this host');
      return await call(local, request);
    } catch (error) {
      const isTemporary = isAppError(error, 'UNREACHABLE') || isAppError(error, 'UNAVAILABLE');
      if (!isTemporary || performance.now() > deadline) throw error;
      await sleep(RETRY_DELAY_MS);
    }
  }
}

async function call(server: LocalServer, request: RegisterLinkRequest): Promise<RegisterLinkResponse> {
  const session = connect(`https://${server.address}`, {
    ca: server.ca,
    servername: server.serverId, // the certificate must name it: the default checkServerIdentity
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
  });
  try {
    return await exchange(session, request);
  } finally {
    session.destroy();
  }
}

function exchange(session: ClientHttp2Session, request: RegisterLinkRequest): Promise<RegisterLinkResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<RegisterLinkResponse>();
  session.on('error', (cause) => reject(unreachable(cause)));
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: METHOD,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${CALL_MS}m`,
  });
  const received: Buffer[] = [];
  let bytes = 0;
  let trailers: IncomingHttpHeaders = {};
  stream.on('error', (cause) => reject(unreachable(cause)));
  // A call that fails at once has its trailers in the response headers.
  stream.on('response', (headers) => {
    trailers = headers;
  });
  stream.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) stream.destroy(new Error('the answer is too long'));
    else received.push(chunk);
  });
  stream.on('end', () => {
    const error = callError(trailers);
    if (error === undefined) resolve(parse(Buffer.concat(received)));
    else reject(error);
  });
  stream.setTimeout(CALL_MS, () => stream.destroy(new Error('no answer')));
  stream.end(framed(Request.encode(request).finish()));
  return promise;
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function parse(answer: Buffer): RegisterLinkResponse {
  return RegisterLinkResponse.decode(answer.subarray(PREFIX_BYTES));
}

/** A stream's error only says that its connection failed; the reason is in its cause. */
function unreachable(cause: unknown): AppError {
  const code = codeOf(cause instanceof Error ? cause.cause : undefined) ?? codeOf(cause) ?? 'no answer';
  if (/CERT|SELF_SIGNED|ALTNAME|VERIFY/.test(code))
    return new AppError('NOT_TRUSTED', `another program answers at the server's address (${code})`, {
      cause,
    });
  return new AppError('UNREACHABLE', `cannot reach the Latchkey server (${code})`, { cause });
}
