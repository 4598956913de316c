/**
 * Stands where the server expects sshd: passes connections to a real one, or stops at a step of the
 * handshake, or drops a connection at once as a busy sshd does.
 */
import { readFileSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2, { type Connection } from 'ssh2';
import { newHostKey } from './host-key.ts';
import type { TestSshd } from './sshd.ts';

/**
 * Step at which it stops: after accepting, after its banner, after the key exchange, after the password, or
 * after it was told to run our program. `another key` shows a host key of its own and accepts everything;
 * `drop` closes the connection at once, with the line that OpenSSH sends for MaxStartups and for penalties;
 * `reset` does so without; `silent` closes it after the password without a word; `real` is the real sshd.
 */
export type Behaviour =
  | 'drop'
  | 'reset'
  | 'silent'
  | 'accept'
  | 'banner'
  | 'kex'
  | 'auth'
  | 'exec'
  | 'another key'
  | 'real';

export class SwitchedSshd implements AsyncDisposable {
  /** Behaviour towards the next connection. */
  behaviour: Behaviour = 'real';
  readonly port: number;
  /** Every password received, decrypted, as sshd sees it. */
  readonly passwords: string[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(port: number, real: TestSshd) {
    this.port = port;
    const key = readFileSync(join(real.folder, 'hostkey'));
    const another = newHostKey().private;
    this.#server = createServer((socket) => {
      this.connections += 1;
      this.#keep(socket);
      const { behaviour } = this;
      if (behaviour === 'real') this.#join(socket, real.port);
      else if (behaviour === 'drop') socket.end('Not allowed at this time\r\n');
      else if (behaviour === 'reset') socket.resetAndDestroy();
      else if (behaviour === 'banner') socket.write('SSH-2.0-OpenSSH_9.2p1\r\n');
      else if (behaviour !== 'accept') {
        const hostKeys = [behaviour === 'another key' ? another : key];
        new ssh2.Server({ hostKeys }, (client) => this.#serve(client, behaviour)).injectSocket(socket);
      }
    });
  }

  /** Starts one with the host key of `real`, except for the behaviour `another key`. */
  static async start(port: number, real: TestSshd): Promise<SwitchedSshd> {
    const sshd = new SwitchedSshd(port, real);
    await new Promise<void>((resolve) => sshd.#server.listen(port, '127.0.0.1', resolve));
    return sshd;
  }

  /** Resolves once `count` connections have arrived in all. */
  async reached(count: number): Promise<void> {
    for (const endMs = performance.now() + 30_000; this.connections < count; await delay(10)) {
      if (performance.now() > endMs) throw new Error(`${this.connections} of ${count} connections came`);
    }
  }

  /** Resolves once no connection is open, so that all that came over them has been received. */
  async drained(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  #serve(client: Connection, behaviour: Behaviour): void {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      if (context.method === 'password') this.passwords.push(context.password);
      if (behaviour === 'kex') return;
      if (context.method !== 'password') context.reject(['password']);
      else if (behaviour === 'silent') client.end();
      else if (behaviour !== 'auth') context.accept();
    });
    client.on('session', (accept) => accept().on('exec', (run) => void run()));
  }

  #join(socket: Socket, port: number): void {
    const real = createConnection({ host: '127.0.0.1', port });
    this.#keep(real);
    socket.pipe(real).pipe(socket);
    real.on('close', () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
