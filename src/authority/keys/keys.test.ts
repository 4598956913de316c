import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../config/settings/secret.ts';
import { jwksOf, keySetFromJwks } from '../../token/key.ts';
import type { AuthorityKeys } from './authority-keys.ts';
import { type KeyOptions, loadKeys } from './keys.ts';
import { loadPki, type Pki } from './pki.ts';

const NOW = Date.UTC(2026, 5, 1);

let folder: string;
let caFolder: string;
let pki: Pki;
beforeAll(async () => {
  caFolder = mkdtempSync(join(tmpdir(), 'latchkey-ca-'));
  pki = await loadPki({ folder: caFolder, serverId: 'a1', names: [], addresses: [], nowMs: NOW });
});
afterAll(() => rmSync(caFolder, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(settings: Partial<KeyOptions['settings']> = {}, nowMs = NOW): Promise<AuthorityKeys> {
  return loadKeys({ folder, settings: { algorithm: 'ES256', ...settings }, pki, nowMs });
}

function certificate(): X509Certificate {
  return new X509Certificate(readFileSync(join(folder, 'jwt.pem')));
}

function writeKey(type: 'ed25519' | 'ec', mode = 0o600): string {
  const path = join(folder, `${type}.pem`);
  const { privateKey } =
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode });
  return path;
}

describe('the token keys', () => {
  test.each(['ES256', 'EdDSA'] as const)(
    '%s: created once and kept over restarts (A7), certified by the CA (N2)',
    async (algorithm) => {
      const first = await load({ algorithm });
      expect(first.signing.algorithm).toBe(algorithm);
      expect([...first.verification.keys()]).toEqual([first.signing.kid]);
      expect(first.master).toHaveLength(32);
      expect(certificate().verify(pki.ca.certificate.publicKey)).toBe(true);
      expect(certificate().publicKey.equals(first.signing.key)).toBe(true);
      const bytes = readFileSync(join(folder, 'jwt.pem'));
      const second = await load({ algorithm });
      expect([second.signing.kid, second.master]).toEqual([first.signing.kid, first.master]);
      expect(readFileSync(join(folder, 'jwt.pem'))).toEqual(bytes);
      expect(readdirSync(folder).sort()).toEqual(['jwt.key', 'jwt.pem', 'master.key']);
    },
  );

  test('from a secret are the same in every folder, and are not written to disk (A6)', async () => {
    const secret = new Secret('k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ');
    const here = await load({ secret });
    expect(readdirSync(folder).sort()).toEqual(['jwt.pem', 'master.key']);
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
    expect((await load({ secret })).signing.kid).toBe(here.signing.kid);
  });

  test('from a file are used as they are (A6)', async () => {
    const signingKey = writeKey('ed25519');
    const keys = await load({ algorithm: 'EdDSA', signingKey });
    expect(keys.signing.algorithm).toBe('EdDSA');
    expect(keys.signing.key.equals(createPublicKey(readFileSync(signingKey)))).toBe(true);
    expect(readdirSync(folder)).not.toContain('jwt.key');
    expect((await load({ algorithm: 'EdDSA', signingKey })).signing.kid).toBe(keys.signing.kid);
  });

  test('of concurrent starts are the same', async () => {
    const all = await Promise.all([load(), load(), load()]);
    expect(new Set(all.map((keys) => keys.signing.kid + keys.master.toString('hex'))).size).toBe(1);
  });
});

describe('a replaced key', () => {
  test('still verifies what it has signed, even after it is used again', async () => {
    const first = await load();
    const second = await load({ algorithm: 'EdDSA' });
    const third = await load({ secret: new Secret('k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ') });
    const kids = [first, second, third].map((keys) => keys.signing.kid);
    expect(new Set(kids).size).toBe(3);
    expect([...third.verification.keys()].sort()).toEqual(kids.sort());
    const back = await load({ algorithm: 'EdDSA' });
    expect(back.signing.kid).toBe(second.signing.kid);
    expect(certificate().publicKey.equals(back.signing.key)).toBe(true);
    expect(back.verification.size).toBe(3);
  });

  test('is removed once its last token must have expired', async () => {
    const first = await load();
    const kept = await load({ algorithm: 'EdDSA', longestLifetimeSeconds: 3_600 }, Date.now());
    expect(kept.verification.has(first.signing.kid)).toBe(true);
    const past = new Date(Date.now() - 3_601_000);
    utimesSync(join(folder, `jwt-${first.signing.kid}.pem`), past, past);
    const later = await load({ algorithm: 'EdDSA', longestLifetimeSeconds: 3_600 }, Date.now());
    expect([...later.verification.keys()]).toEqual([kept.signing.kid]);
    expect(readdirSync(folder).filter((name) => name.startsWith('jwt-'))).toEqual([]);
  });

  test('is one of the 50 replaced last, so that clients accept the list of all keys', async () => {
    const kids: string[] = [];
    const replace = async (): Promise<AuthorityKeys> => {
      const keys = await load({ secret: new Secret(`k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1 ${kids.length}`) });
      kids.push(keys.signing.kid);
      return keys;
    };
    for (let count = 0; count <= 50; count += 1) await replace();
    const beganSeconds = Date.now() / 1000 - 1000;
    for (const [at, kid] of kids.slice(0, -1).entries())
      utimesSync(join(folder, `jwt-${kid}.pem`), beganSeconds + at, beganSeconds + at);
    const { verification } = await replace();
    expect([...verification.keys()].toSorted()).toEqual(kids.slice(1).toSorted());
    expect(keySetFromJwks(jwksOf(verification.values())).size).toBe(51);
  });

  test('is not accepted with a certificate of another CA', async () => {
    const first = await load();
    const other = mkdtempSync(join(tmpdir(), 'latchkey-other-'));
    const foreign = await loadPki({ folder: other, serverId: 'a1', names: [], addresses: [], nowMs: NOW });
    rmSync(other, { recursive: true });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = await foreign.ca.issue({ commonName: 'x', publicKey, nowMs: NOW, days: 10 });
    writeFileSync(join(folder, `jwt-${'A'.repeat(43)}.pem`), pem, { mode: 0o600 });
    expect([...(await load()).verification.keys()]).toEqual([first.signing.kid]);
  });
});

describe('a key is refused in one line', () => {
  const invalid = (message: RegExp) =>
    expect.objectContaining({ reason: 'CONFIG_INVALID', message: expect.stringMatching(message) });

  test('when it does not match the algorithm', async () => {
    await expect(load({ signingKey: writeKey('ed25519') })).rejects.toEqual(
      invalid(
        /ed25519\.pem cannot be used: tokens\.signing_key must be a P-256 key, because tokens\.algorithm is ES256/,
      ),
    );
    await expect(load({ algorithm: 'EdDSA', signingKey: writeKey('ec') })).rejects.toEqual(
      invalid(/an Ed25519 key/),
    );
  });

  test('when others could read it, when it is missing, when it is not a key', async () => {
    const path = writeKey('ec');
    chmodSync(path, 0o644);
    await expect(load({ signingKey: path })).rejects.toEqual(invalid(/mode 0644.*chmod 0600/));
    await expect(load({ signingKey: join(folder, 'none') })).rejects.toEqual(
      invalid(/there is no such file/),
    );
    writeFileSync(join(folder, 'text'), 'k3Jx0q9sZmVtP2wL', { mode: 0o600 });
    const refused = load({ signingKey: join(folder, 'text') });
    await expect(refused).rejects.toEqual(invalid(/not a PEM private key/));
    await expect(refused).rejects.toEqual(
      expect.not.objectContaining({ message: expect.stringContaining('k3J') }),
    );
  });

  test('when the stored one is damaged, rather than invalidating every token', async () => {
    await load();
    writeFileSync(join(folder, 'jwt.key'), 'x');
    await expect(load()).rejects.toEqual(invalid(/jwt\.key cannot be used/));
    rmSync(join(folder, 'jwt.key'));
    writeFileSync(join(folder, 'master.key'), 'short');
    await expect(load()).rejects.toEqual(invalid(/master\.key cannot be used: it does not have 32 bytes/));
  });
});
