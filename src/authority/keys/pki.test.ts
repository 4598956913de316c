import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPki, type Pki, type PkiOptions } from './pki.ts';
import { loadX509 } from './x509.ts';

const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-pki-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(more: Partial<PkiOptions> = {}): Promise<Pki> {
  return loadPki({
    folder,
    serverId: 'a1b2',
    names: ['Host', 'host.example.com'],
    addresses: [],
    nowMs: NOW,
    ...more,
  });
}

function leaf(pki: Pki): X509Certificate {
  return new X509Certificate(pki.tls.certPem);
}

describe('first start', () => {
  test('creates a CA and a TLS certificate issued by it, each file private to its owner (N2)', async () => {
    const pki = await load({
      addresses: ['192.0.2.7', 'fe80::1%eth0', '2001:DB8:0::7', '2001:db8::7', 'nonsense'],
    });
    const ca = new X509Certificate(pki.caPem);
    expect([ca.ca, ca.verify(ca.publicKey), ca.subject]).toEqual([true, true, 'O=a1b2\nCN=Latchkey CA']);
    expect([leaf(pki).ca, leaf(pki).checkIssued(ca), leaf(pki).verify(ca.publicKey)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(leaf(pki).checkPrivateKey(createPrivateKey(pki.tls.keyPem))).toBe(true);
    for (const name of ['localhost', 'a1b2', 'host', 'host.example.com'])
      expect(leaf(pki).checkHost(name)).toBe(name);
    for (const ip of ['127.0.0.1', '::1', '192.0.2.7', 'fe80::1', '2001:db8::7'])
      expect(leaf(pki).checkIP(ip)).toBe(ip);
    expect(leaf(pki).subjectAltName?.split(', ')).toHaveLength(9);
    expect(pki.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(readdirSync(folder).sort()).toEqual(['ca.key', 'ca.pem', 'tls.key', 'tls.pem']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  test('creates certificates whose restrictions every client must observe (RFC 5280, 4.2.1.9)', async () => {
    const { caPem, tls } = await load();
    const x509 = await loadX509();
    for (const pem of [caPem, tls.certPem]) {
      const { extensions } = new x509.X509Certificate(pem);
      const critical = extensions.filter((extension) => extension.critical).map(({ type }) => type);
      expect(critical.toSorted()).toEqual([KEY_USAGE, BASIC_CONSTRAINTS]);
    }
  });

  test('creates a certificate that TLS 1.3 clients with the CA accept', async () => {
    const pki = await load({ nowMs: Date.now() });
    const server = createServer({ cert: pki.tls.certPem, key: pki.tls.keyPem, minVersion: 'TLSv1.3' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const protocol = await new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'a1b2', ca: pki.caPem }, () => {
        resolve(socket.getProtocol());
        socket.end();
      }).on('error', reject);
    });
    server.close();
    expect(protocol).toBe('TLSv1.3');
  });

  test('creates certificates that are valid for clients whose clocks are a day behind', async () => {
    const pki = await load();
    const certificates = [new X509Certificate(pki.caPem), leaf(pki)];
    const begins = certificates.map(({ validFromDate }) => validFromDate.getTime());
    expect(begins).toEqual([NOW - DAY_MS, NOW - DAY_MS]);
  });

  test('is reported as such, unlike the next one, which keeps everything', async () => {
    const first = await load();
    const second = await load();
    expect([first.created, second.created]).toEqual([true, false]);
    expect([second.caPem, second.tls]).toEqual([first.caPem, first.tls]);
  });

  test('creates one CA when several run at once', async () => {
    const all = await Promise.all([load(), load(), load(), load()]);
    expect(new Set(all.map((pki) => pki.fingerprint)).size).toBe(1);
    expect(all.filter((pki) => pki.created)).toHaveLength(1);
    for (const pki of all) expect(leaf(pki).verify(pki.ca.certificate.publicKey)).toBe(true);
    const kept = await load();
    const next = await load();
    expect(next.tls).toEqual(kept.tls);
  });
});

describe('the TLS certificate is reissued, and the CA kept', () => {
  test.each<[string, Partial<PkiOptions>]>([
    ['a name is added', { names: ['host', 'host.example.com', 'other'] }],
    ['a name is removed', { names: ['host'] }],
    ['an address is added', { addresses: ['192.0.2.7'] }],
    ['the last third of its lifetime begins', { nowMs: NOW + 560 * DAY_MS }],
    ['the clock was ahead when it was issued', { nowMs: NOW - 30 * DAY_MS }],
  ])('when %s', async (_, change) => {
    const before = await load();
    const after = await load(change);
    expect(after.caPem).toBe(before.caPem);
    expect(after.tls.certPem).not.toBe(before.tls.certPem);
    expect(after.tls.keyPem).not.toBe(before.tls.keyPem);
    expect((await load(change)).tls).toEqual(after.tls);
  });

  test('not when some time has passed or the order of the names has changed', async () => {
    const before = await load({ lifetimeDays: 30 });
    const after = await load({
      lifetimeDays: 30,
      nowMs: NOW + 19 * DAY_MS,
      names: ['host.example.com', 'HOST'],
    });
    expect(after.tls).toEqual(before.tls);
  });

  test.each(['tls.key', 'tls.pem'])('when %s is missing, truncated or invalid', async (name) => {
    const before = await load();
    for (const damage of ['', readFileSync(join(folder, name), 'utf8').slice(0, 90), 'nonsense']) {
      writeFileSync(join(folder, name), damage);
      const after = await load();
      expect(after.caPem).toBe(before.caPem);
      expect(leaf(after).checkPrivateKey(createPrivateKey(after.tls.keyPem))).toBe(true);
    }
    rmSync(join(folder, name));
    expect((await load()).fingerprint).toBe(before.fingerprint);
  });

  test('when its names are those of the CA, and its signature is not', async () => {
    const { certPem } = (await load()).tls;
    const der = Buffer.from(certPem.replaceAll(/-----[^-]+-----/g, ''), 'base64');
    der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
    writeFileSync(join(folder, 'tls.pem'), new X509Certificate(der).toString());
    const after = await load();
    expect(leaf(after).verify(new X509Certificate(after.caPem).publicKey)).toBe(true);
  });
});

describe('the start is refused, and the CA left unchanged', () => {
  const invalid = (message: RegExp) =>
    expect.objectContaining({ reason: 'CONFIG_INVALID', message: expect.stringMatching(message) });

  test.each(['ca.key', 'ca.pem', 'tls.key', 'tls.pem'])('when others could read %s', async (name) => {
    await load();
    chmodSync(join(folder, name), 0o640);
    await expect(load()).rejects.toEqual(invalid(new RegExp(`${name} has mode 0640.*chmod 0600`)));
  });

  test('when a file is a symbolic link', async () => {
    symlinkSync('/dev/null', join(folder, 'ca.key'));
    await expect(load()).rejects.toEqual(invalid(/ca\.key is a symbolic link/));
  });

  test('when others could read the folder', async () => {
    chmodSync(folder, 0o755);
    await expect(load()).rejects.toEqual(invalid(/mode 0755.*chmod 0700/));
  });

  test("when the CA's key is missing or does not match", async () => {
    await load();
    const cert = readFileSync(join(folder, 'ca.pem'));
    rmSync(join(folder, 'ca.key'));
    await expect(load()).rejects.toEqual(invalid(/ca\.pem cannot be used: .*ca\.key is missing/));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, 'ca.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    await expect(load()).rejects.toEqual(invalid(/does not match ca\.key/));
    writeFileSync(join(folder, 'ca.key'), 'cut off');
    await expect(load()).rejects.toEqual(invalid(/ca\.key cannot be used: it is not a PEM private key/));
    expect(readFileSync(join(folder, 'ca.pem'))).toEqual(cert);
  });

  test("when the CA's certificate is damaged", async () => {
    await load();
    writeFileSync(join(folder, 'ca.pem'), 'cut off');
    await expect(load()).rejects.toEqual(invalid(/ca\.pem cannot be used: it does not match ca\.key/));
  });

  test('when the CA has expired', async () => {
    await load();
    await expect(load({ nowMs: NOW + 21 * 365 * DAY_MS })).rejects.toEqual(invalid(/has expired/));
  });
});
