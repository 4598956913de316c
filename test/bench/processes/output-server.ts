/**
 * The minimal program that sends bytes over HTTP/2 and TLS 1.3, directly from memory. A child process of
 * output.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPki } from '../../../src/authority/keys/pki.ts';

export interface Serving {
  readonly port: number;
  readonly ca: string;
}

const TOTAL_BYTES = Number(process.argv[2]);
const PIECE = Buffer.alloc(256 * 1024);

function send(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.on('error', () => {});
  let left = TOTAL_BYTES;
  const more = (): void => {
    while (left > 0) {
      left -= PIECE.length;
      if (!stream.write(PIECE)) {
        stream.once('drain', more);
        return;
      }
    }
    stream.end();
  };
  more();
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const pki = await loadPki({
  folder,
  serverId: 'bench',
  names: ['localhost'],
  addresses: [],
  nowMs: Date.now(),
});
rmSync(folder, { recursive: true });
const server = createSecureServer({ key: pki.tls.keyPem, cert: pki.tls.certPem, minVersion: 'TLSv1.3' });
server.on('stream', send);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ port, ca: pki.caPem } satisfies Serving);
});
process.on('disconnect', () => process.exit());
