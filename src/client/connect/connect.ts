/**
 * The one client of the control API, for the command line, the dashboard and programs: finds the
 * server and the token, checks whom it talks to, and gives typed calls that throw AppError. Promises
 * that a token is sent to its issuer only. Importing it loads the gRPC library, so import it late.
 */
import { Client as Channel, credentials, Metadata } from '@grpc/grpc-js';
import { isAppError } from '../../errors.ts';
import {
  AuthServiceDefinition,
  type GetKeysResponse,
  type LoginDone,
} from '../../generated/latchkey/v1/auth.ts';
import { LinkServiceDefinition } from '../../generated/latchkey/v1/link.ts';
import { SessionServiceDefinition } from '../../generated/latchkey/v1/session.ts';
import { SystemServiceDefinition } from '../../generated/latchkey/v1/system.ts';
import { TokenServiceDefinition } from '../../generated/latchkey/v1/token.ts';
import { dnsServer } from '../find/dns-server.ts';
import { type FindServer, type FoundServer, findServer } from '../find/find-server.ts';
import { type FindToken, type FoundToken, findToken } from '../find/find-token.ts';
import { writeToken } from '../find/server-folder.ts';
import { verifyIssuedToken } from '../verify-issued-token.ts';
import { type Line, type Service, serviceOf } from './methods.ts';
import { pinnedTls } from './pinned-tls.ts';

export type ConnectOptions = FindServer &
  FindToken & {
    /** Without a token, also where there is one. */
    readonly anonymous?: boolean;
  };

export interface Client extends AsyncDisposable {
  /** host:port of the server. */
  readonly address: string;
  /** The server's id, as the token says that it calls with; the certificate has to say the same. */
  readonly issuer: string | undefined;
  readonly auth: Service<AuthServiceDefinition>;
  readonly tokens: Service<TokenServiceDefinition>;
  readonly links: Service<LinkServiceDefinition>;
  readonly sessions: Service<SessionServiceDefinition>;
  readonly system: Service<SystemServiceDefinition>;
  /** Keeps the token of a login in this client's folder, once it is found to be one (N8). Throws NOT_TRUSTED. */
  keepToken(done: Pick<LoginDone, 'token' | 'claims'>): Promise<void>;
  /** Removes the token from this client's folder, if that is where it came from. */
  forgetToken(): Promise<void>;
  close(): Promise<void>;
}

/** The largest message taken from a server. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** How much a server may send ahead, so that distance does not slow output down. Ours keeps no more for it. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const FIRST_RECONNECT_MS = 100;
const LONGEST_RECONNECT_MS = 2_000;
const KEYS_MS = 10_000;

/** Makes ready; the server is dialled by the first call. Throws UNREACHABLE, NOT_TRUSTED, USAGE. */
export async function connect(options: ConnectOptions): Promise<Client> {
  const server = await findServerOrAsk(options);
  const found = options.anonymous === true ? undefined : findToken(options, server);
  const line = lineTo(server, found?.issuer, found);
  const close = async (): Promise<void> => line.channel.close();
  return {
    address: server.address,
    issuer: found?.issuer,
    auth: serviceOf(line, AuthServiceDefinition),
    tokens: serviceOf(line, TokenServiceDefinition),
    links: serviceOf(line, LinkServiceDefinition),
    sessions: serviceOf(line, SessionServiceDefinition),
    system: serviceOf(line, SystemServiceDefinition),
    keepToken: async (done) => {
      await verifyIssuedToken(done, (issuer) => keysOf(server, issuer), Date.now());
      writeToken(server.folder, done.token);
    },
    forgetToken: async () => found?.forget(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** DNS is asked last (N1), when nothing nearer names a server. */
async function findServerOrAsk(options: ConnectOptions): Promise<FoundServer> {
  try {
    return findServer(options);
  } catch (error) {
    const isNowhere = isAppError(error, 'UNREACHABLE') && options.run === undefined;
    const server = isNowhere ? await dnsServer() : undefined;
    if (server === undefined) throw error;
    return findServer({ ...options, server });
  }
}

/** What the server publishes, asked over a connection whose certificate names `issuer`. */
async function keysOf(server: FoundServer, issuer: string): Promise<GetKeysResponse> {
  const line = lineTo(server, issuer);
  try {
    return await serviceOf(line, AuthServiceDefinition).getKeys({}, { timeoutMs: KEYS_MS });
  } finally {
    line.channel.close();
  }
}

function lineTo({ address, ca }: FoundServer, issuer?: string, found?: FoundToken): Line {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const { secureContext, checkServerIdentity } = pinnedTls(ca, host, issuer);
  const secure = credentials.createFromSecureContext(secureContext, { checkServerIdentity });
  const metadata = new Metadata();
  if (found !== undefined) metadata.set('authorization', `Bearer ${found.token}`);
  const channel = new Channel(address, secure, {
    // An address is no server name (RFC 6066, 3), and the certificate is checked by `trustOf` anyway.
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
  return { channel, metadata, address, isLink: found?.isLink === true };
}
