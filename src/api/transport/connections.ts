/**
 * The connections of the listening sockets. Accepts only TLS 1.3 with HTTP/2, allows 5 s for a handshake, and
 * bounds the number of connections. When there are too many, closes connections without a valid token first,
 * then those of the login with the most. Disposal closes all of them. Never reads a call.
 */
import { isIPv4, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FixedWindow } from '../../limits/fixed-window.ts';
import type { Log } from '../../log/log.ts';
import type { RefusalLog } from '../../log/refusal-log.ts';
import { type Addresses, type Listen, Listeners } from './listeners.ts';
import { isLocalAddress, type Peer, peerOf, plainAddress } from './peer.ts';
import { addressBytes, type Endpoint } from './peer-uid.ts';

/** A certificate and its private key, as PEM. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ConnectionLimits {
  /** Most simultaneous connections, handshakes included. */
  readonly connections: number;
  /** Most connections without a valid token from one remote address (or IPv6 /64 network). */
  readonly perSource: number;
  readonly handshakeMs: number;
  /** Longest time without a call before the connection has shown a valid token. */
  readonly idleMs: number;
  readonly authenticatedIdleMs: number;
}

const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 2048,
  perSource: 256,
  handshakeMs: 5_000,
  idleMs: 20_000,
  authenticatedIdleMs: 1_800_000,
};

/** Length of the window in which calls without a token are counted. */
const ATTEMPTS_MS = 1_000;
/** Interval between looks for idle connections. */
const SWEEP_MS = 250;
/** Connections closed at a time. Clients may come back, and others would wait behind all their handshakes. */
const SWEPT_AT_ONCE = 16;
/** A login with more connections than this may have to make room. */
const MANY_OF_ONE_LOGIN = 16;

/** A connection whose handshake is done. */
export interface Connection {
  readonly peer: Peer;
  /** Number of calls under way. */
  calls: number;
  /** True once a call has shown a valid token. */
  authenticated: boolean;
  /** Login of that token. */
  login?: string;
  /** End of the last call, or of the handshake, as performance.now(). */
  idleSinceMs: number;
  /** Calls made before one has shown a valid token. */
  readonly attempts: FixedWindow;
}

/** Both endpoints of a socket, named as in node:net. */
export interface Endpoints {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export interface ConnectionsOptions {
  readonly listen: Listen;
  readonly certificate: Certificate;
  /** Receives each connection whose handshake is done. */
  readonly inject: (socket: TLSSocket) => void;
  readonly limits?: Partial<ConnectionLimits>;
  readonly log: Pick<Log, 'error' | 'warn'>;
  readonly refusals: Pick<RefusalLog, 'add'>;
}

/** An accepted connection; `connection` is set once its handshake is done. */
interface Accepted {
  readonly socket: Socket;
  readonly source: string;
  connection?: Connection;
  /** Reason why the handshake failed. */
  cause?: string;
}

export class Connections implements AsyncDisposable {
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  readonly #refusals: Pick<RefusalLog, 'add'>;
  readonly #inject: (socket: TLSSocket) => void;
  /** By both endpoints, the oldest first. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #listeners: Listeners;
  #emptied: PromiseWithResolvers<void> | undefined;

  private constructor(options: ConnectionsOptions) {
    this.#limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.#refusals = options.refusals;
    this.#inject = options.inject;
    this.#server = createServer({
      cert: options.certificate.certPem,
      key: options.certificate.keyPem,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      handshakeTimeout: this.#limits.handshakeMs,
      noDelay: true,
    });
    this.#listeners = new Listeners(this.#server, options.log);
    this.#server.on('connection', (socket: Socket) => this.#acceptRaw(socket));
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      // A socket that the client has closed has no address any more; #closed logs that one.
      const accepted = this.#accepted.get(endpointsOf(socket).key);
      if (accepted !== undefined) accepted.cause = error.message;
      socket.destroy();
    });
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  static async listen(options: ConnectionsOptions): Promise<Connections> {
    const connections = new Connections(options);
    await connections.#listeners.open(options.listen);
    return connections;
  }

  /** The addresses that the server is bound to. */
  get addresses(): Addresses {
    return this.#listeners.addresses;
  }

  /** Returns the connection with these endpoints; undefined when it has just closed. */
  find(ends: Endpoints): Connection | undefined {
    return this.#accepted.get(endpointsOf(ends).key)?.connection;
  }

  /** Uses this certificate for new handshakes. Existing connections keep theirs. */
  replaceCertificate({ certPem, keyPem }: Certificate): void {
    this.#server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3' });
  }

  /** Stops accepting; existing connections stay. */
  stopAccepting(): void {
    this.#listeners.close();
  }

  /** Resolves when no connection is left. */
  async emptied(): Promise<void> {
    if (this.#accepted.size === 0) return;
    this.#emptied ??= Promise.withResolvers();
    await this.#emptied.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = this.#listeners[Symbol.asyncDispose]();
    for (const { socket } of this.#accepted.values()) socket.destroy();
    await closed;
  }

  #acceptRaw(socket: Socket): void {
    const { key, theirs } = endpointsOf(socket);
    const source = sourceOf(theirs.address);
    if (this.#isTooMany(source) || (this.#isFull() && !this.#makeRoom())) {
      this.#refusals.add('connection refused', { reason: 'LIMIT_EXCEEDED', from: source }, {});
      socket.destroy();
      return;
    }
    this.#accepted.set(key, { socket, source });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#closed(key, theirs.address));
  }

  #closed(key: string, peer: string): void {
    const accepted = this.#accepted.get(key);
    this.#accepted.delete(key);
    if (this.#accepted.size === 0) this.#emptied?.resolve();
    if (accepted === undefined || accepted.connection !== undefined || !this.#server.listening) return;
    const { source, cause = 'the client has closed the connection' } = accepted;
    this.#refusals.add('handshake refused', { from: source }, { peer: plainAddress(peer), cause });
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const { key, theirs, ours } = endpointsOf(socket);
    const accepted = this.#accepted.get(key);
    if (socket.alpnProtocol !== 'h2' || accepted === undefined) {
      if (accepted !== undefined) accepted.cause = 'the client does not offer HTTP/2 (ALPN h2)';
      socket.destroy();
      return;
    }
    const peer = peerOf(theirs, ours);
    const nowMs = performance.now();
    const attempts = new FixedWindow(ATTEMPTS_MS, nowMs);
    accepted.connection = { peer, calls: 0, authenticated: false, idleSinceMs: nowMs, attempts };
    this.#inject(socket);
  }

  #isFull(): boolean {
    return this.#accepted.size >= this.#limits.connections;
  }

  /** Callers on this host share an address; their calls are limited by uid instead (limits.ts). */
  #isTooMany(source: string): boolean {
    if (isLocalAddress(source)) return false;
    let unauthenticated = 0;
    for (const accepted of this.#accepted.values()) {
      if (accepted.source === source && !accepted.connection?.authenticated) unauthenticated += 1;
    }
    return unauthenticated >= this.#limits.perSource;
  }

  /**
   * Closes the oldest connection that has shown no valid token and has no call, perhaps in its handshake; or
   * else one of the login with the most connections, if it has many. Returns false when there is none to
   * close.
   */
  #makeRoom(): boolean {
    const all = [...this.#accepted];
    const unauthenticated = all.find(
      ([, { connection }]) => !connection?.authenticated && !connection?.calls,
    );
    const found = unauthenticated ?? ofLargestLogin(all);
    if (found === undefined) return false;
    const [key, { socket }] = found;
    this.#accepted.delete(key);
    socket.destroy();
    return true;
  }

  /** Closes the oldest connections that have been idle for too long. */
  #sweep(): void {
    const nowMs = performance.now();
    let closed = 0;
    for (const { socket, connection } of this.#accepted.values()) {
      if (connection === undefined || !this.#isIdle(connection, nowMs)) continue;
      socket.destroy();
      closed += 1;
      if (closed === SWEPT_AT_ONCE) return;
    }
  }

  #isIdle({ calls, authenticated, idleSinceMs }: Connection, nowMs: number): boolean {
    const idleMs = authenticated ? this.#limits.authenticatedIdleMs : this.#limits.idleMs;
    return calls === 0 && nowMs - idleSinceMs > idleMs;
  }
}

/**
 * Picks a connection of the login with the most, if it has more than a client needs: one without a call, or
 * the oldest.
 */
function ofLargestLogin(all: readonly [string, Accepted][]): [string, Accepted] | undefined {
  const held = Map.groupBy(all, ([, { connection }]) => connection?.login);
  held.delete(undefined);
  const [most = []] = [...held.values()].sort((one, other) => other.length - one.length);
  if (most.length <= MANY_OF_ONE_LOGIN) return undefined;
  return most.find(([, { connection }]) => connection?.calls === 0) ?? most[0];
}

function endpointsOf(socket: Endpoints): { key: string; theirs: Endpoint; ours: Endpoint } {
  const theirs = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  const ours = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  return { key: keyOf(theirs, ours), theirs, ours };
}

function keyOf(theirs: Endpoint, ours: Endpoint): string {
  return `${theirs.address} ${theirs.port} ${ours.address} ${ours.port}`;
}

/**
 * Returns what to count together: an IPv4 address, or an IPv6 /64 network, since one host may use all of it.
 */
export function sourceOf(address: string): string {
  const plain = plainAddress(address);
  if (isIPv4(plain) || isLocalAddress(plain)) return plain;
  return `${addressBytes(plain).subarray(0, 8).toString('hex')}::/64`;
}
