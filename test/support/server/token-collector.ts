/** A server that answers every call with UNAUTHENTICATED, and keeps the tokens that it was sent. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPki } from '../../../src/authority/keys/pki.ts';

const UNAUTHENTICATED = '16';

export class TokenCollector implements AsyncDisposable {
  /** The header "authorization" of each call; undefined for a call without. */
  readonly received: (string | undefined)[] = [];
  /** Its own authority, PEM. */
  readonly ca: string;
  readonly #server: Http2SecureServer;

  private constructor(server: Http2SecureServer, ca: string) {
    this.ca = ca;
    this.#server = server;
  }

  /** Listens on loopback, at any port, with a certificate that claims to be `serverId`. */
  static async start(serverId: string): Promise<TokenCollector> {
    const folder = mkdtempSync(join(tmpdir(), 'collector-'));
    const certified = { serverId, names: [], addresses: [] };
    const { caPem, tls } = await loadPki({ ...certified, folder: join(folder, 'pki'), nowMs: Date.now() });
    rmSync(folder, { recursive: true });
    const server = createSecureServer({ cert: tls.certPem, key: tls.keyPem });
    const collector = new TokenCollector(server, caPem);
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      collector.received.push(headers.authorization);
      stream.on('error', () => {});
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAUTHENTICATED },
        { endStream: true },
      );
    });
    server.on('session', (session) => session.on('error', () => {}));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return collector;
  }

  /** host:port */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}
