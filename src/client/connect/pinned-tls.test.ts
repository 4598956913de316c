import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPki, type Pki } from '../../authority/keys/pki.ts';
import { certificateError, pinnedTls } from './pinned-tls.ts';

const DAY_MS = 86_400_000;
const ID = 'lk-server';
const NAMES = [ID, 'named.example', '*.wild.example'];
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let folder: string;
/** The authority that the client has pinned. */
let pinned: Pki;
/** Another one, with the same server's names. */
let other: Pki;
const servers: Server[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-pinned-'));
  const named = { serverId: ID, names: NAMES, addresses: [], nowMs: Date.now() };
  pinned = await loadPki({ ...named, folder: join(folder, 'pinned') });
  other = await loadPki({ ...named, folder: join(folder, 'other') });
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** Starts a server with a certificate that `ca` has issued `agoMs` ago for 9 days; resolves with its port. */
async function listen({ ca }: Pki, agoMs = 0, options: TlsOptions = {}): Promise<number> {
  const cert = await ca.issue({
    commonName: ID,
    publicKey: createPublicKey(privateKey),
    nowMs: Date.now() - agoMs,
    days: 9,
    server: { names: NAMES, addresses: ['192.0.2.1'] },
  });
  const server = createServer({ key: privateKey.export({ format: 'pem', type: 'pkcs8' }), cert, ...options });
  server.on('secureConnection', (socket) => socket.on('error', () => {}).end());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Connects there as the client does to `host`; resolves with why it refuses, or that it is "connected". */
function outcomeAt(port: number, host: string, issuer?: string): Promise<string> {
  const tls = pinnedTls(pinned.caPem, host, issuer);
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...tls }, () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('error', ({ message }) => resolve(message));
  });
}

describe('without a token, a connection', () => {
  let port: number;
  beforeAll(async () => {
    port = await listen(pinned);
  });

  it.each(['named.example', '192.0.2.1', ID])('is made where the certificate names %s', async (host) => {
    expect(await outcomeAt(port, host)).toBe('connected');
  });

  it.each(['other.example', 'a.wild.example', 'named.example.evil.example', 'example', '192.0.2.2', '::1'])(
    'is refused where the certificate does not name %s, which was dialled',
    async (host) => {
      expect(await outcomeAt(port, host)).toBe(`its certificate does not name ${host}`);
    },
  );
});

it('with a token, a connection is made to its issuer under any name, and to nobody else', async () => {
  const port = await listen(pinned);
  expect(await outcomeAt(port, 'other.example', ID)).toBe('connected');
  for (const host of ['named.example', '192.0.2.1', ID])
    expect(await outcomeAt(port, host, 'lk-other')).toMatch(/does not name server lk-other, which issued/);
});

describe('with or without a token, a connection is refused', () => {
  const bent: readonly (readonly [string, () => Promise<number>, string | undefined])[] = [
    ['by an older TLS than 1.3', () => listen(pinned, 0, { maxVersion: 'TLSv1.2' }), undefined],
    [
      'with a certificate of another authority',
      () => listen(other),
      'unable to verify the first certificate',
    ],
    ['with a certificate that has expired', () => listen(pinned, 10 * DAY_MS), 'certificate has expired'],
    ['with one that is not valid yet', () => listen(pinned, -10 * DAY_MS), 'certificate is not yet valid'],
  ];

  it.each(bent)('%s', async (_what, start, why) => {
    const port = await start();
    for (const outcome of [
      await outcomeAt(port, 'named.example'),
      await outcomeAt(port, 'other.example', ID),
    ]) {
      expect(outcome).not.toBe('connected');
      expect(certificateError(outcome)).toBe(why);
    }
  });
});
