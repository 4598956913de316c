/** An sshd in a test's own process, made of ssh2, for what a real one does only with modules of its own. */
import { once } from 'node:events';
import type { AddressInfo, Server as NetServer } from 'node:net';
import ssh2, { type ClientInfo, type Connection, type ServerConfig } from 'ssh2';
import { SSH_DEADLINES, type SshOptions } from '../../../src/login/ssh/connection/ssh-connection.ts';
import type { HostKey } from '../../../src/login/ssh/host-keys.ts';
import { newHostKey } from './host-key.ts';

const HOST = newHostKey();
/** The public key of the sshd that `start` starts by default, as in a file `*.pub`. */
export const HOST_KEY_LINE = HOST.public;

/** Servers of a test file, which end together. */
export class FakeSshds {
  readonly servers: NetServer[] = [];
  readonly #closed: Promise<void>[] = [];

  /** Starts one with `key` that does what `onConnection` says. Resolves with its port. */
  start(
    onConnection: (client: Connection, info: ClientInfo) => void,
    key: { readonly private: string } = HOST,
    more: Partial<ServerConfig> = {},
  ): Promise<number> {
    const server = new ssh2.Server({ hostKeys: [key.private], ...more }, (client, info) => {
      client.on('error', () => {});
      this.#closed.push(new Promise((resolve) => client.on('close', () => resolve())));
      onConnection(client, info);
    });
    return this.listen(server as unknown as NetServer);
  }

  /** Resolves once all that came over the connections so far has been received: each has closed. */
  async drained(): Promise<void> {
    if (this.#closed.length === 0) throw new Error('nobody has connected');
    await Promise.all(this.#closed);
  }

  /** Makes any server listen. Resolves with its port. */
  async listen(server: NetServer): Promise<number> {
    this.servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  end(): void {
    this.#closed.length = 0;
    for (const server of this.servers.splice(0)) server.close();
  }
}

/** Returns the key in a line such as "ssh-rsa AAAA...". */
export function hostKeyIn(line: string): HostKey {
  const [type = '', blob = ''] = line.split(' ');
  return { type, blob: Buffer.from(blob, 'base64') };
}

/** Options of a connection to the sshd at `port`; the password is "secret". */
export function connectionTo(port: number, more: Partial<SshOptions> = {}): SshOptions {
  return {
    host: '127.0.0.1',
    port,
    localAddress: '127.77.1.2',
    hostKeys: [hostKeyIn(HOST_KEY_LINE)],
    username: 'alice',
    password: 'secret',
    person: { ask: async () => [], tell: () => {} },
    signal: new AbortController().signal,
    deadlines: SSH_DEADLINES,
    ...more,
  };
}

/** Makes an sshd accept `password` by the method password, and notes what it has seen. */
export function takes(password: string, seen: string[] = []) {
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      seen.push(context.method === 'password' ? `${context.username}:${context.password}` : context.method);
      if (context.method === 'password' && context.password === password) context.accept();
      else context.reject(['password']);
    });
  };
}
