/**
 * The gRPC server: accepts connections and passes each call to `handle`. Serves no method without a policy
 * row; disposal leaves no call, connection or timer behind.
 */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import {
  type ConnectionInjector,
  type Responder,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Activity } from '../../activity/activity.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';
import type { RefusalLog } from '../../log/refusal-log.ts';
import type { AdmissionDeps } from '../pipeline/admit.ts';
import { handle, UNAUTHENTICATED_MESSAGE_BYTES } from '../pipeline/handle.ts';
import type { ServedMethod } from '../pipeline/methods.ts';
import { checkPolicy } from '../pipeline/policy.ts';
import { CallsUnderWay } from './call-control.ts';
import {
  type Certificate,
  type Connection,
  type ConnectionLimits,
  Connections,
  type Endpoints,
  sourceOf,
} from './connections.ts';
import { checkInternals, http2ServersOf, internalsOf } from './grpc-js-internals.ts';
import { httpRefusalOf } from './http-request.ts';
import type { Listen } from './listeners.ts';

export interface GrpcServerOptions extends AdmissionDeps {
  readonly methods: readonly ServedMethod[];
  readonly listen: Listen;
  readonly certificate: Certificate;
  readonly connectionLimits?: Partial<ConnectionLimits>;
  readonly log: Log;
  readonly refusals: Pick<RefusalLog, 'add'>;
  readonly activity: Pick<Activity, 'called'>;
}

interface ServerParts {
  readonly connections: Connections;
  readonly server: Server;
  readonly injector: ConnectionInjector;
  readonly underWay: CallsUnderWay;
}

/** Time for calls to end after a shutdown has begun. */
const SHUTDOWN_MS = 5_000;
const GOAWAY_MS = 1_000;
const KEEPALIVE_MS = 120_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
const STREAMS_PER_CONNECTION = 1_000;

export class GrpcServer implements AsyncDisposable {
  readonly connections: Connections;
  readonly #parts: ServerParts;

  private constructor(parts: ServerParts) {
    this.connections = parts.connections;
    this.#parts = parts;
  }

  /**
   * Listens. Throws when methods and policy rows do not match, and INTERNAL when grpc-js has changed inside.
   */
  static async start(options: GrpcServerOptions): Promise<GrpcServer> {
    checkPolicy(options.methods.map(({ path }) => path));
    await checkInternals();
    const underWay = new CallsUnderWay();
    const find = finder((endpoints) => connections.find(endpoints));
    const server = grpcServer(options, intercept(options, underWay, find));
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    refuseOtherRequests(server);
    cutFloods(server, options, find);
    const connections = await Connections.listen({
      listen: options.listen,
      certificate: options.certificate,
      inject: (socket) => injector.injectConnection(socket),
      log: options.log,
      refusals: options.refusals,
      ...(options.connectionLimits && { limits: options.connectionLimits }),
    });
    return new GrpcServer({ connections, server, injector, underWay });
  }

  /** Aborts every call, waits up to 5 s for them to end, and closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { connections, server, injector, underWay } = this.#parts;
    connections.stopAccepting();
    const shuttingDown = new AppError('UNAVAILABLE', 'the server is shutting down; try again');
    await within(SHUTDOWN_MS, underWay.shutDown(shuttingDown));
    injector.drain(GOAWAY_MS); // sends GOAWAY, after the last status of each call
    await within(GOAWAY_MS, connections.emptied());
    await connections[Symbol.asyncDispose]();
    server.forceShutdown();
  }
}

async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, limitMs);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

type FindConnection = (session: object | undefined, endpoints: () => Endpoints) => Connection | undefined;

/** Keeps grpc-js from answering a call that `handle` answers. */
const HANDLED_HERE: Responder = { start: () => {} };

/** Passes each call to `handle` before grpc-js reads a message; the registered handlers never run. */
function intercept(
  options: GrpcServerOptions,
  underWay: CallsUnderWay,
  find: FindConnection,
): ServerInterceptor {
  const methods = new Map(options.methods.map((method) => [`/${method.path}`, method]));
  const deps = { ...options, underWay };
  const logFailure = (error: unknown): void =>
    options.log.error({ err: error }, 'a call did not end cleanly');
  return (definition, call) => {
    const connection = find(internalsOf(call).stream.session, () => call.getConnectionInfo());
    const method = methods.get(definition.path);
    if (connection !== undefined && method !== undefined)
      handle(deps, method, connection, call).catch(logFailure);
    return new ServerInterceptingCall(call, HANDLED_HERE);
  };
}

type RequestListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...more: unknown[]) => void;

/**
 * Answers requests that are not gRPC's. grpc-js does not see them: it would serve a GET, or the messages of
 * another format, and its timer for "grpc-timeout" throws when somebody else has responded.
 */
function refuseOtherRequests(server: Server): void {
  for (const http2 of http2ServersOf(server)) {
    const listeners = http2.listeners('stream') as RequestListener[];
    http2.removeAllListeners('stream');
    http2.on('stream', ((stream, headers, ...more) => {
      const refusal = httpRefusalOf(headers);
      if (refusal === undefined) {
        for (const listener of listeners) listener.call(http2, stream, headers, ...more);
        return;
      }
      if (stream.destroyed) return;
      stream.on('error', () => {}); // the client's reset
      stream.respond(refusal, { endStream: true });
      setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)); // though the client goes on sending
    }) satisfies RequestListener);
  }
}

/**
 * Finds the connection of an HTTP/2 session by its endpoints, and remembers it for the session's later calls.
 */
function finder(byEndpoints: Connections['find']): FindConnection {
  const known = new WeakMap<object, Connection>();
  return (session, endpoints) => {
    const found = session && known.get(session);
    if (found !== undefined) return found;
    const connection = byEndpoints(endpoints());
    if (session && connection !== undefined) known.set(session, connection);
    return connection;
  };
}

/**
 * Cuts a connection without a valid token that makes too many calls, which take as little as 15 bytes each:
 * Node.js serves all that has arrived before it turns to other connections. Counts calls of unknown methods
 * too, which never reach `handle`.
 */
function cutFloods(server: Server, { limits, refusals }: GrpcServerOptions, find: FindConnection): void {
  const cut = ({ session }: ServerHttp2Stream): void => {
    if (session?.destroyed !== false) return; // already cut
    const connection = find(session, () => session.socket);
    if (connection === undefined || !limits.isFlood(connection)) return;
    session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
    const from = sourceOf(connection.peer.address);
    refusals.add('connection refused', { reason: 'LIMIT_EXCEEDED', from }, {});
  };
  for (const http2 of http2ServersOf(server)) http2.on('stream', cut);
}

function grpcServer({ methods }: GrpcServerOptions, interceptor: ServerInterceptor): Server {
  const server = new Server({
    interceptors: [interceptor],
    'grpc.max_receive_message_length': UNAUTHENTICATED_MESSAGE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.enable_channelz': 0,
  });
  const asIs = (bytes: Buffer): Buffer => bytes;
  const asBuffer = (bytes: Uint8Array): Buffer =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { path } of methods) server.register(`/${path}`, () => {}, asBuffer, asIs, 'bidi');
  return server;
}
