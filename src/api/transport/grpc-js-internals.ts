/**
 * The private members of grpc-js that the server uses, and the only access to them. An accessor throws when
 * one is missing, and `checkInternals` looks for all of them before the server listens: without them, message
 * limits would not hold and floods would not be cut.
 */
import { connect, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { duplexPair } from 'node:stream';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
} from '@grpc/grpc-js';
import { AppError } from '../../errors.ts';

/** The version whose source was reviewed for this. Review that of another before package.json names it. */
export const GRPC_JS_VERSION = '1.14.7';

/** Private members of a call (BaseServerInterceptingCall in server-interceptors.js). */
export interface CallInternals {
  readonly stream: ServerHttp2Stream;
  /**
   * Splits the incoming bytes into messages, with their prefixes; grpc-js unpacks and reads what it returns.
   */
  decoder: { write(data: Buffer): Buffer[] };
  /** Value of the header "grpc-encoding"; "identity" without one. */
  readonly incomingEncoding: string;
  /** Longest message that is unpacked, in bytes. */
  maxReceiveMessageSize: number;
}

/** Returns the private members of a call. Throws INTERNAL when one is missing. */
export function internalsOf(call: ServerInterceptingCallInterface): CallInternals {
  const internals = call as unknown as CallInternals;
  if (typeof internals.stream?.respond !== 'function') throw missing('the stream of a call');
  if (typeof internals.decoder?.write !== 'function') throw missing('the decoder of a call');
  if (typeof internals.incomingEncoding !== 'string') throw missing('the incomingEncoding of a call');
  if (typeof internals.maxReceiveMessageSize !== 'number')
    throw missing('the maxReceiveMessageSize of a call');
  return internals;
}

/** Returns the HTTP/2 servers of a server, one for each injector (server.js). Throws INTERNAL without any. */
export function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as { http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const servers = http2Servers instanceof Map ? [...http2Servers.keys()] : [];
  if (servers.length === 0) throw missing('the http2Servers of a server');
  return servers;
}

/**
 * Makes a call in memory to a server that serves nothing else, and looks for every member there. Throws
 * INTERNAL when one is missing.
 */
export async function checkInternals(): Promise<void> {
  const arrived = Promise.withResolvers<ServerInterceptingCallInterface>();
  const server = new Server({
    'grpc.enable_channelz': 0,
    interceptors: [
      (_, call) => {
        arrived.resolve(call);
        return new ServerInterceptingCall(call, { start: () => {} });
      },
    ],
  });
  server.register('/latchkey/Check', () => {}, Buffer.from, Buffer.from, 'bidi');
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const [near, far] = duplexPair();
  const client = connect('http://localhost', { createConnection: () => near });
  try {
    client.on('error', arrived.reject);
    const stream = client.request({
      ':method': 'POST',
      ':path': '/latchkey/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', arrived.reject);
    stream.on('close', () => arrived.reject(missing('a call')));
    stream.resume();
    injector.injectConnection(far);
    internalsOf(await arrived.promise);
    http2ServersOf(server);
  } finally {
    client.destroy();
    server.forceShutdown();
  }
}

function missing(member: string): AppError {
  return new AppError('INTERNAL', `this program needs grpc-js ${GRPC_JS_VERSION}; its copy lacks ${member}`);
}
