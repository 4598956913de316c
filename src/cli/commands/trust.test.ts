import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Captured, capture, Memory } from '../../../test/support/terminal/memory-io.ts';
import { loadPki } from '../../authority/keys/pki.ts';
import { runCli } from '../main.ts';

const DAY_MS = 86_400_000;
const TLS_1_2 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;

let folder = '';
let good: Shown;
let other: Shown;
let old: Shown;
let early: Shown;
const servers: Server[] = [];

/** Makes the certificate and the CA of a server with these names and addresses, as it did `agoMs` ago. */
async function makePki(name: string, names: string[], addresses: string[], agoMs = 0): Promise<Shown> {
  const pki = await loadPki({
    folder: join(folder, name),
    serverId: name,
    names,
    addresses,
    nowMs: Date.now() - agoMs,
    lifetimeDays: 9,
  });
  return { key: pki.tls.keyPem, chain: pki.tls.certPem, ca: pki.caPem, fingerprint: pki.fingerprint };
}

interface Shown {
  readonly key: string;
  readonly chain: string;
  readonly ca: string;
  readonly fingerprint: string;
}

/** Returns the server's own certificate, without the CA's. */
const alone = ({ chain, ca }: Shown): string => chain.replace(ca, '');

/** Starts a TLS server on loopback; resolves with its port. */
async function listen(options: TlsOptions, host = '127.0.0.1'): Promise<number> {
  const server = createServer({ ALPNProtocols: ['h2'], minVersion: 'TLSv1.3', ...options });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

function latchkey(config: string, ...argv: string[]): Promise<Captured> {
  return capture(argv, { env: { XDG_CONFIG_HOME: join(folder, config), HOME: folder } });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-trust-'));
  good = await makePki('good', ['localhost'], ['127.0.0.1']);
  other = await makePki('other', ['elsewhere.example'], []);
  old = await makePki('old', ['localhost'], [], 10 * DAY_MS);
  early = await makePki('early', ['localhost'], [], -10 * DAY_MS);
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

describe('latchkey trust', () => {
  let port = 0;
  beforeAll(async () => {
    port = await listen({ key: good.key, cert: good.chain });
  });

  it('stores the CA that has the fingerprint given, for its owner only', async () => {
    const given = good.fingerprint.toLowerCase();
    const run = await latchkey('a', 'trust', `127.0.0.1:${port}`, '--fingerprint', given);
    expect(run).toEqual({
      status: 0,
      stdout: `127.0.0.1:${port} is trusted: SHA-256 ${good.fingerprint}\n`,
      stderr: '',
    });
    const file = join(folder, 'a/latchkey/servers', `127.0.0.1_${port}`, 'ca.pem');
    expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(good.fingerprint);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('stores nothing when the fingerprint differs', async () => {
    const run = await latchkey('b', 'trust', `127.0.0.1:${port}`, '--fingerprint', other.fingerprint);
    expect(run.status).toBe(6);
    expect(run.stderr).toMatch(
      /^latchkey: 127\.0\.0\.1:\d+ has another fingerprint: .*nothing was stored.*\n$/,
    );
    expect(() => statSync(join(folder, 'b'))).toThrow('ENOENT');
  });

  it('asks nothing without a terminal, and names the option to use', async () => {
    const run = await latchkey('c', 'trust', `127.0.0.1:${port}`);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/there is no terminal to ask on; .*--fingerprint\n$/);
  });

  it.each([
    ['yes', 0],
    ['no', 1],
    [' the fingerprint ', 0],
    ['SHA256:the fingerprint', 0],
  ])('asks again until it is told: %s', async (last, status) => {
    const stdin = Object.assign(new Readable({ read: () => {} }), { isTTY: true });
    const stdout = new Memory(true);
    const stderr = new Memory(true);
    const env = { XDG_CONFIG_HOME: join(folder, `asked-${last.trim().replace(':', '-')}`), HOME: folder };
    const run = runCli(['trust', `127.0.0.1:${port}`], { stdin, stdout, stderr, env, now: Date.now });
    await expect.poll(() => stderr.text).toContain('Trust it?');
    stdin.push('y\n');
    await expect.poll(() => stderr.text).toContain("Please type 'yes', 'no' or the fingerprint: ");
    stdin.push(`${last.replace('the fingerprint', good.fingerprint)}\n`);
    expect(await run).toBe(status);
  });

  it.each([
    ['a chain without its CA', () => ({ key: good.key, cert: alone(good) })],
    ['a CA that did not sign the certificate', () => ({ key: good.key, cert: alone(good) + other.ca })],
    ['a certificate that has expired', () => ({ key: old.key, cert: old.chain })],
    ['a certificate that is not valid yet', () => ({ key: early.key, cert: early.chain })],
    ['an older TLS than 1.3', () => ({ key: good.key, cert: good.chain, ...TLS_1_2 })],
  ])('refuses %s', async (_what, options) => {
    const at = await listen(options());
    for (const { fingerprint } of [good, old, early]) {
      const run = await latchkey('d', 'trust', `127.0.0.1:${at}`, '--fingerprint', fingerprint);
      expect([run.status, run.stdout]).toEqual([6, '']);
    }
    expect(() => statSync(join(folder, 'd'))).toThrow('ENOENT');
  });

  it('says when the certificate names another host', async () => {
    const at = await listen({ key: other.key, cert: other.chain }, '127.0.0.2');
    const run = await latchkey('f', 'trust', `127.0.0.2:${at}`, '--fingerprint', other.fingerprint);
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('DNS:elsewhere.example')]);
  });

  it('accepts only a SHA-256 fingerprint', async () => {
    const run = await latchkey('e', 'trust', 'localhost', '--fingerprint', 'AA:BB');
    expect(run.status).toBe(2);
  });
});
