/**
 * The sockets that a server accepts connections from: one that it opens, or those that systemd has opened
 * (sd_listen_fds(3)).
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { codeOf } from '../../errno.ts';
import type { Log } from '../../log/log.ts';

/** An address to listen on, or the descriptors of sockets to take; at least one. */
export type Listen = ListenOptions | { readonly fds: readonly number[] };

/** The address of each socket; at least one. */
export type Addresses = readonly [BoundAddress, ...BoundAddress[]];

interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Longest queue of connections that the kernel has accepted, shortened to net.core.somaxconn (listen(2)).
 * Node.js asks for 511, also on a socket that systemd has opened; then a burst of slow clients fills it, and
 * everybody else's SYN is dropped and comes again only after 1, 3 and 7 s.
 */
const BACKLOG = 4096;
const ANY_ADDRESS = '::';
const ANY_IPV4_ADDRESS = '0.0.0.0';

export class Listeners implements AsyncDisposable {
  /** The server itself, and those that pass it the connections of further sockets. */
  readonly #servers: [Server, ...Server[]];
  readonly #log: Pick<Log, 'error' | 'warn'>;

  constructor(server: Server, log: Pick<Log, 'error' | 'warn'>) {
    this.#servers = [server];
    this.#log = log;
  }

  /**
   * Begins to accept connections. Where the kernel has no IPv6, listens on all IPv4 addresses instead of on
   * all addresses. Throws what listen(2) and bind(2) report.
   */
  async open(listen: Listen): Promise<void> {
    if ('fds' in listen) await this.#takeAll(listen.fds);
    else await this.#openAddress(listen);
    for (const each of this.#servers)
      each.on('error', (error) => this.#log.error({ err: error }, 'accepting failed'));
  }

  /** The addresses that the sockets are bound to. */
  get addresses(): Addresses {
    const bound = this.#servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { host: address, port };
    });
    return bound as [BoundAddress, ...BoundAddress[]];
  }

  /** Stops accepting; existing connections stay. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Stops accepting; resolves when the connections are closed, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#servers.filter(({ listening }) => listening);
    const closed = open.map((server) => once(server, 'close'));
    for (const server of open) server.close();
    await Promise.all(closed);
  }

  async #takeAll([first, ...others]: readonly number[]): Promise<void> {
    const [server] = this.#servers;
    await begin(server, { fd: first });
    for (const fd of others) {
      const another = createServer({ noDelay: true }, (socket) => void server.emit('connection', socket));
      this.#servers.push(another);
      await begin(another, { fd });
    }
  }

  async #openAddress(listen: ListenOptions): Promise<void> {
    const [server] = this.#servers;
    try {
      await begin(server, listen);
    } catch (error) {
      if (codeOf(error) !== 'EAFNOSUPPORT' || listen.host !== ANY_ADDRESS) throw error;
      this.#log.warn({}, 'this host has no IPv6: the server listens on all IPv4 addresses');
      await begin(server, { ...listen, host: ANY_IPV4_ADDRESS });
    }
  }
}

async function begin(server: Server, where: object): Promise<void> {
  server.listen(where, BACKLOG); // as an option it would not count for an fd
  await once(server, 'listening');
}
