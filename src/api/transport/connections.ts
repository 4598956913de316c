/**
 * The listening socket and every connection that came through it. Promises TLS 1.3 and HTTP/2 or
 * nothing, 5 s for a handshake, a bounded number of connections, of which those that never showed a
 * token have to make room first and then those of whoever has the most, and that all are gone after disposal. Never looks into a call.
 */
import { once } from 'node:events';
import { type AddressInfo, isIPv4, type ListenOptions, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { FixedWindow } from '../../limits/fixed-window.ts';
import type { Log } from '../../log/log.ts';
import type { RefusalLog } from '../../log/refusal-log.ts';
import { isLocalAddress, type Peer, peerOf, plainAddress } from './peer.ts';
import { addressBytes, type End } from './peer-uid.ts';

/** PEM texts. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ConnectionLimits {
  /** Connections at once, handshakes included. */
  readonly connections: number;
  /** Those of them from one address elsewhere (or IPv6 network of 64 bits) that have shown no token. */
  readonly perSource: number;
  readonly handshakeMs: number;
  /** How long a connection may be without a call before it has shown a token, and after. */
  readonly idleMs: number;
  readonly provenIdleMs: number;
}

const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 2048,
  perSource: 256,
  handshakeMs: 5_000,
  idleMs: 20_000,
  provenIdleMs: 1_800_000,
};

/** For how long calls without a login are counted together. */
const ATTEMPTS_MS = 1_000;
/** A login with more than these has to make room. */
const MANY_OF_ONE_LOGIN = 16;

/** One connection whose handshake is done. */
export interface Connection {
  readonly peer: Peer;
  /** Calls under way. */
  calls: number;
  /** Whether a call on it has shown a good token. */
  proven: boolean;
  /** Whose token that was. */
  login?: string;
  /** When its last call ended (or it was accepted), by performance.now(). */
  idleSinceMs: number;
  /** Calls that it has made before it had shown a good token. */
  readonly attempts: FixedWindow;
}

/** The two ends of a connection, as a socket has them. */
export interface Ends {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

export interface ConnectionsOptions {
  /** Where to listen; `{ fd: 3 }` takes a socket that a supervisor has opened (sd_listen_fds(3)). */
  readonly listen: ListenOptions | { readonly fd: number };
  readonly certificate: Certificate;
  /** Takes over a connection whose handshake is done. */
  readonly inject: (socket: TLSSocket) => void;
  readonly limits?: Partial<ConnectionLimits>;
  readonly log: Pick<Log, 'error'>;
  readonly refusals: Pick<RefusalLog, 'add'>;
}

/** What has been accepted; `connection` once the handshake is done. */
interface Accepted {
  readonly socket: Socket;
  readonly source: string;
  connection?: Connection;
}

export class Connections implements AsyncDisposable {
  readonly #server: Server;
  readonly #limits: ConnectionLimits;
  readonly #refusals: Pick<RefusalLog, 'add'>;
  readonly #inject: (socket: TLSSocket) => void;
  /** By their ends, the oldest first. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #sweeper: NodeJS.Timeout;
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
    this.#server.on('connection', (socket: Socket) => this.#acceptRaw(socket));
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      const peer = socket.remoteAddress ?? '';
      this.#refusals.add('handshake refused', { from: sourceOf(peer) }, { peer, cause: error.message });
      socket.destroy();
    });
    this.#sweeper = setInterval(() => this.#sweep(), Math.min(5_000, this.#limits.idleMs)).unref();
  }

  static async listen(options: ConnectionsOptions): Promise<Connections> {
    const connections = new Connections(options);
    connections.#server.listen(options.listen);
    await once(connections.#server, 'listening');
    connections.#server.on('error', (error) => options.log.error({ err: error }, 'accepting failed'));
    return connections;
  }

  /** Where it really listens. */
  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** The connection between these ends; undefined when it has just gone. */
  find(ends: Ends): Connection | undefined {
    return this.#accepted.get(endsOf(ends).key)?.connection;
  }

  /** What handshakes from now on show. Connections that are there keep theirs. */
  replaceCertificate({ certPem, keyPem }: Certificate): void {
    this.#server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3' });
  }

  /** Accepts nothing more; what is there goes on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Resolves when there is no connection. */
  async emptied(): Promise<void> {
    if (this.#accepted.size === 0) return;
    this.#emptied ??= Promise.withResolvers();
    await this.#emptied.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve();
    if (this.#server.listening) this.#server.close();
    for (const { socket } of this.#accepted.values()) socket.destroy();
    await closed;
  }

  #acceptRaw(socket: Socket): void {
    const { key, theirs } = endsOf(socket);
    const source = sourceOf(theirs.address);
    if (this.#isTooMany(source) || (this.#isFull() && !this.#makeRoom())) {
      this.#refusals.add('connection refused', { reason: 'LIMIT_EXCEEDED', from: source }, {});
      socket.destroy();
      return;
    }
    this.#accepted.set(key, { socket, source });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#accepted.delete(key);
      if (this.#accepted.size === 0) this.#emptied?.resolve();
    });
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const { key, theirs, ours } = endsOf(socket);
    const accepted = this.#accepted.get(key);
    if (socket.alpnProtocol !== 'h2' || accepted === undefined) {
      socket.destroy();
      return;
    }
    const peer = peerOf(theirs, ours);
    const nowMs = performance.now();
    const attempts = new FixedWindow(ATTEMPTS_MS, nowMs);
    accepted.connection = { peer, calls: 0, proven: false, idleSinceMs: nowMs, attempts };
    this.#inject(socket);
  }

  #isFull(): boolean {
    return this.#accepted.size >= this.#limits.connections;
  }

  /** Those of this host are told apart by their calls (limits.ts), since they all have one address. */
  #isTooMany(source: string): boolean {
    if (isLocalAddress(source)) return false;
    let unproven = 0;
    for (const accepted of this.#accepted.values()) {
      if (accepted.source === source && !accepted.connection?.proven) unproven += 1;
    }
    return unproven >= this.#limits.perSource;
  }

  /**
   * Ends the oldest connection that has shown no token and is not in a call, in its handshake too;
   * else one of the login that has the most, if those are many. False when nobody can be asked to go.
   */
  #makeRoom(): boolean {
    const all = [...this.#accepted];
    const unproven = all.find(([, { connection }]) => !connection?.proven && !connection?.calls);
    const found = unproven ?? greediest(all);
    if (found === undefined) return false;
    const [key, { socket }] = found;
    this.#accepted.delete(key);
    socket.destroy();
    return true;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const { socket, connection } of this.#accepted.values()) {
      if (connection === undefined || connection.calls > 0) continue;
      const idleMs = connection.proven ? this.#limits.provenIdleMs : this.#limits.idleMs;
      if (nowMs - connection.idleSinceMs > idleMs) socket.destroy();
    }
  }
}

/** Of the login with the most connections, if more than a client needs: one without a call, or the oldest. */
function greediest(all: readonly [string, Accepted][]): [string, Accepted] | undefined {
  const held = Map.groupBy(all, ([, { connection }]) => connection?.login);
  held.delete(undefined);
  const [most = []] = [...held.values()].sort((one, other) => other.length - one.length);
  if (most.length <= MANY_OF_ONE_LOGIN) return undefined;
  return most.find(([, { connection }]) => connection?.calls === 0) ?? most[0];
}

function endsOf(socket: Ends): { key: string; theirs: End; ours: End } {
  const theirs = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  const ours = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  return { key: keyOf(theirs, ours), theirs, ours };
}

function keyOf(theirs: End, ours: End): string {
  return `${theirs.address} ${theirs.port} ${ours.address} ${ours.port}`;
}

/** Whom to count together: an address, or the 64 bits of an IPv6 network, as one host has all of those. */
export function sourceOf(address: string): string {
  const plain = plainAddress(address);
  if (isIPv4(plain) || isLocalAddress(plain)) return plain;
  return `${addressBytes(plain).subarray(0, 8).toString('hex')}::/64`;
}
