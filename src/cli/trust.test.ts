import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Captured, capture } from './io.fixture.ts';

let folder = '';
const servers: Server[] = [];

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}

/** A CA and a leaf for `san` below it, as PEM files NAME-ca.pem, NAME.pem and NAME.key. */
function makeChain(name: string, san: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${name}-ca.key`,
    '-out',
    `${name}-ca.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${name} CA`,
  );
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
    '-days',
    '1',
    '-subj',
    `/CN=${name}`,
    '-CA',
    `${name}-ca.pem`,
    '-CAkey',
    `${name}-ca.key`,
    '-addext',
    `subjectAltName=${san}`,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  );
}

const pem = (file: string): string => readFileSync(join(folder, file), 'utf8');
const fingerprint = (file: string): string => new X509Certificate(pem(file)).fingerprint256;

/** A TLS server on loopback; resolves with its port. */
async function listen(options: TlsOptions): Promise<number> {
  const server = createServer({ ALPNProtocols: ['h2'], minVersion: 'TLSv1.3', ...options });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function latchkey(config: string, ...argv: string[]): Promise<Captured> {
  return capture(argv, { env: { XDG_CONFIG_HOME: join(folder, config), HOME: folder } });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-trust-'));
  makeChain('good', 'IP:127.0.0.1,DNS:localhost');
  makeChain('other', 'DNS:elsewhere.example');
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

describe('latchkey trust', () => {
  let port = 0;
  beforeAll(async () => {
    port = await listen({ key: pem('good.key'), cert: pem('good.pem') + pem('good-ca.pem') });
  });

  it('stores the CA that has the fingerprint given, for its owner only', async () => {
    const given = fingerprint('good-ca.pem').toLowerCase();
    const run = await latchkey('a', 'trust', `127.0.0.1:${port}`, '--fingerprint', given);
    expect(run).toEqual({
      status: 0,
      stdout: `127.0.0.1:${port} is trusted: SHA-256 ${fingerprint('good-ca.pem')}\n`,
      stderr: '',
    });
    const file = join(folder, 'a/latchkey/servers', `127.0.0.1_${port}`, 'ca.pem');
    expect(new X509Certificate(readFileSync(file)).fingerprint256).toBe(fingerprint('good-ca.pem'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('stores nothing when the fingerprint is another', async () => {
    const run = await latchkey(
      'b',
      'trust',
      `127.0.0.1:${port}`,
      '--fingerprint',
      fingerprint('other-ca.pem'),
    );
    expect(run.status).toBe(6);
    expect(run.stderr).toMatch(
      /^latchkey: 127\.0\.0\.1:\d+ has another fingerprint: .*nothing was stored.*\n$/,
    );
    expect(() => statSync(join(folder, 'b'))).toThrow('ENOENT');
  });

  it('asks nobody where there is no terminal, and says how to go on', async () => {
    const run = await latchkey('c', 'trust', `127.0.0.1:${port}`);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/there is no terminal to ask on; .*--fingerprint\n$/);
  });

  it.each([
    ['a chain without its CA', () => ({ key: pem('good.key'), cert: pem('good.pem') })],
    [
      'a CA that did not sign the certificate',
      () => ({ key: pem('good.key'), cert: pem('good.pem') + pem('other-ca.pem') }),
    ],
  ])('refuses %s', async (_what, options) => {
    const at = await listen(options());
    const run = await latchkey('d', 'trust', `127.0.0.1:${at}`, '--fingerprint', fingerprint('good-ca.pem'));
    expect([run.status, run.stdout]).toEqual([6, '']);
    expect(() => statSync(join(folder, 'd'))).toThrow('ENOENT');
  });

  it('says when the certificate names another host', async () => {
    const at = await listen({ key: pem('other.key'), cert: pem('other.pem') + pem('other-ca.pem') });
    const run = await latchkey('f', 'trust', `127.0.0.1:${at}`, '--fingerprint', fingerprint('other-ca.pem'));
    expect([run.status, run.stderr]).toEqual([0, expect.stringContaining('it names DNS:elsewhere.example')]);
  });

  it('takes only a SHA-256 fingerprint', async () => {
    const run = await latchkey('e', 'trust', 'localhost', '--fingerprint', 'AA:BB');
    expect(run.status).toBe(2);
  });
});
