/**
 * The client of the control API, for the command line, the dashboard and other programs. Finds the server
 * and the token, verifies the server's certificate, and offers typed calls that throw AppError. A token
 * is only sent to the server that issued it. Importing this loads the gRPC library, so import it late.
 */
import { Client as Channel, credentials, Metadata } from '@grpc/grpc-js';
import { AppError, isAppError } from '../../errors.ts';
import {
  AuthServiceDefinition,
  type GetKeysResponse,
  type LoginDone,
} from '../../generated/latchkey/v1/auth.ts';
import { LinkServiceDefinition } from '../../generated/latchkey/v1/link.ts';
import { SessionServiceDefinition } from '../../generated/latchkey/v1/session.ts';
import { SystemServiceDefinition } from '../../generated/latchkey/v1/system.ts';
import { TokenServiceDefinition } from '../../generated/latchkey/v1/token.ts';
import { writeDefaultServer } from '../find/default-server.ts';
import { dnsServer } from '../find/dns-server.ts';
import { type FindServer, type FoundServer, findServer } from '../find/find-server.ts';
import { type FindToken, type FoundToken, findToken } from '../find/find-token.ts';
import { checkWritable, writeToken } from '../find/server-folder.ts';
import { verifyIssuedToken } from '../verify-issued-token.ts';
import { type Service, serviceOf, type Transport } from './methods.ts';
import { ConnectionWatch, PATIENCE, type Patience } from './patience.ts';
import { pinnedTls } from './pinned-tls.ts';

export type ConnectOptions = FindServer &
  FindToken & {
    /** True to send no token, even when there is one. */
    readonly anonymous?: boolean;
    /** True for a client that will send a person's password: `connect` throws where none may be sent. */
    readonly sendsPassword?: boolean;
    /** Time for which calls wait for a connection; 30 seconds by default. */
    readonly patience?: Partial<Patience>;
  };

export interface Client extends AsyncDisposable {
  /** host:port of the server. */
  readonly address: string;
  /**
   * Id of the server that issued the token; its certificate must name the same id. Undefined without a
   * token.
   */
  readonly issuer: string | undefined;
  readonly auth: Service<AuthServiceDefinition>;
  readonly tokens: Service<TokenServiceDefinition>;
  readonly links: Service<LinkServiceDefinition>;
  readonly sessions: Service<SessionServiceDefinition>;
  readonly system: Service<SystemServiceDefinition>;
  /**
   * Checks, before a person types a password, that the token of a login could be kept and would be valid
   * here. Throws UNAVAILABLE when its folder cannot be written, or when the clocks of the two hosts differ.
   */
  prepareLogin(): Promise<void>;
  /**
   * Stores the token of a login in the client's folder, after verifying it (N8). A server that was named
   * becomes the default. Throws NOT_TRUSTED. A token that was not stored is revoked.
   */
  storeToken(done: Pick<LoginDone, 'token' | 'claims'>): Promise<void>;
  /** Removes the token from the client's folder, if it came from there. */
  forgetToken(): Promise<void>;
  close(): Promise<void>;
}

/** Largest message accepted from a server, in bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/**
 * HTTP/2 flow-control window, in bytes: large enough that a distant server can send at full speed. Our
 * server keeps no more in memory for it.
 */
const WINDOW_BYTES = 4 * 1024 * 1024;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 2_000;
const KEYS_MS = 10_000;
const MAX_CLOCK_DIFFERENCE_MS = 900_000;

/** Prepares a client; the first call connects to the server. Throws UNREACHABLE, NOT_TRUSTED, USAGE. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const server = await findServerOrLookUp(options);
  if (options.sendsPassword && server.isForeign) throw notForPassword(server);
  const found = options.anonymous === true ? undefined : findToken(options, server);
  const transport = transportTo(server, found?.issuer, options, found);
  const close = async (): Promise<void> => transport.channel.close();
  return {
    address: server.address,
    issuer: found?.issuer,
    auth: serviceOf(transport, AuthServiceDefinition),
    tokens: serviceOf(transport, TokenServiceDefinition),
    links: serviceOf(transport, LinkServiceDefinition),
    sessions: serviceOf(transport, SessionServiceDefinition),
    system: serviceOf(transport, SystemServiceDefinition),
    prepareLogin: async () => {
      checkWritable(server.folder);
      const { serverTime } = await serviceOf(transport, AuthServiceDefinition).getKeys({});
      checkClock(server.address, serverTime);
    },
    storeToken: async (done) => {
      try {
        await verifyIssuedToken(done, (issuer) => keysOf(server, issuer, options), Date.now());
        writeToken(server.folder, done.token);
        if (options.server !== undefined) writeDefaultServer(options.env, server.address);
      } catch (error) {
        await revokeUnkept(server, done.token, options);
        throw error;
      }
    },
    forgetToken: async () => found?.forget(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function notForPassword({ address, local }: FoundServer): AppError {
  return new AppError(
    'NOT_TRUSTED',
    `no password is sent to ${address}: only ${local?.runDir}, which belongs to another user, vouches for that server; name the server's CA with --ca, or run: latchkey trust ${address}`,
  );
}

/** Looks in DNS last (N1), when nothing closer names a server. */
async function findServerOrLookUp(options: ConnectOptions): Promise<FoundServer> {
  try {
    return findServer(options);
  } catch (error) {
    const isNotConfigured = isAppError(error, 'UNREACHABLE') && options.run === undefined;
    const server = isNotConfigured ? await dnsServer() : undefined;
    if (server === undefined) throw error;
    return findServer({ ...options, server });
  }
}

/** Asks the server for its public keys, over a connection whose certificate names `issuer`. */
async function keysOf(
  server: FoundServer,
  issuer: string,
  options: ConnectOptions,
): Promise<GetKeysResponse> {
  const transport = transportTo(server, issuer, options);
  try {
    return await serviceOf(transport, AuthServiceDefinition).getKeys({}, { timeoutMs: KEYS_MS });
  } finally {
    transport.channel.close();
  }
}

/** Ends the token of a login that failed at its last step, as far as its issuer answers. */
async function revokeUnkept(server: FoundServer, token: string, options: ConnectOptions): Promise<void> {
  try {
    const found = findToken({ token, env: {} }, server);
    const transport = transportTo(server, found?.issuer, options, found);
    await serviceOf(transport, AuthServiceDefinition)
      .logout({}, { timeoutMs: KEYS_MS })
      .finally(() => transport.channel.close());
  } catch {
    // The error of the login says more.
  }
}

/** Throws UNAVAILABLE when a token would not be valid by the clock of this host. */
function checkClock(address: string, serverTime: Date | undefined): void {
  if (serverTime === undefined || Math.abs(serverTime.getTime() - Date.now()) < MAX_CLOCK_DIFFERENCE_MS)
    return;
  const times = `this host's is ${new Date().toISOString()}, that of ${address} ${serverTime.toISOString()}`;
  throw new AppError(
    'UNAVAILABLE',
    `the clocks differ too much: ${times}; set the one that is wrong, then log in`,
  );
}

function transportTo(
  { address, ca }: FoundServer,
  issuer: string | undefined,
  { patience }: ConnectOptions,
  found?: FoundToken,
): Transport {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const { secureContext, checkServerIdentity } = pinnedTls(ca, host, issuer);
  const secure = credentials.createFromSecureContext(secureContext, { checkServerIdentity });
  const metadata = new Metadata();
  if (found !== undefined) metadata.set('authorization', `Bearer ${found.token}`);
  const channel = new Channel(address, secure, {
    // An IP address is not a valid server name (RFC 6066, 3); `pinnedTls` checks the certificate.
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.initial_reconnect_backoff_ms': FIRST_RECONNECT_MS,
    'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_MS,
    'grpc.enable_channelz': 0,
  });
  const watch = new ConnectionWatch(channel, address, { ...PATIENCE, ...patience });
  const renewToken = async (): Promise<boolean> => {
    const newer = await found?.newer?.();
    if (newer !== undefined) metadata.set('authorization', `Bearer ${newer}`);
    return newer !== undefined;
  };
  return { channel, metadata, address, watch, isLink: found?.isLink === true, renewToken };
}
