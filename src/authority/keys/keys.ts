/**
 * The keys that tokens are signed and verified with: derived from the configured secret, read from the
 * configured file (A6), or generated once and kept, so that a restart invalidates no token (A7). Each has
 * a certificate of the CA in `jwt.pem`. The certificate of a replaced key is kept as `jwt-<kid>.pem`, and
 * that key still verifies tokens until the last one it signed has expired.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../config/settings/secret.ts';
import { writeDurably } from '../../system/atomic-file.ts';
import { readPrivateFile } from '../../system/owned-path.ts';
import {
  type Algorithm,
  keySetOf,
  type PublicKey,
  publicKey,
  type SigningKey,
  signingKey,
} from '../../token/key.ts';
import type { AuthorityKeys } from './authority-keys.ts';
import { type CertificateAuthority, isFresh } from './certificate-authority.ts';
import { deriveKey } from './derive-key.ts';
import { type Pki, privateKeyFrom, readOrCreate, unusable } from './pki.ts';

const MASTER_BYTES = 32;
const CERTIFICATE_DAYS = 3650;
const MODE = 0o600;
const RETIRED = /^jwt-[A-Za-z0-9_-]{43}\.pem$/;
/** With the signing key, fewer keys than clients accept in a JWK Set (token/key.ts). */
const MAX_RETIRED = 50;

export interface KeyOptions {
  /** The PKI folder, which holds `jwt.key`, `jwt.pem` and `master.key`, each 0600. */
  readonly folder: string;
  readonly settings: {
    readonly algorithm: Algorithm;
    /** Path of a PEM private key. */
    readonly signingKey?: string | undefined;
    readonly secret?: Secret | undefined;
    /**
     * Longest lifetime of a token, in seconds: how long a replaced key may be needed. Forever by default.
     */
    readonly longestLifetimeSeconds?: number | undefined;
  };
  readonly pki: Pick<Pki, 'ca'>;
  /** Milliseconds since 1970; now by default. */
  readonly nowMs?: number;
}

/**
 * Loads or creates the keys. Throws CONFIG_INVALID for a key that does not match the configuration, or
 * that other users could have read.
 */
export async function loadKeys(options: KeyOptions): Promise<AuthorityKeys> {
  const { folder, pki, nowMs = Date.now() } = options;
  const masterPath = join(folder, 'master.key');
  const master = readOrCreate(masterPath, () => randomBytes(MASTER_BYTES));
  if (master.length !== MASTER_BYTES)
    throw unusable(masterPath, `it does not have ${MASTER_BYTES} bytes. Restore it`);
  const signing = signingKey(privateKeyOf(options));
  await ensureCertificate(folder, signing, pki.ca, nowMs);
  const retired = replacedKeys(
    folder,
    pki.ca,
    nowMs - (options.settings.longestLifetimeSeconds ?? Infinity) * 1000,
  );
  return { signing, verification: keySetOf([...retired, signing]), master };
}

function privateKeyOf({ folder, settings }: KeyOptions): KeyObject {
  if (settings.secret !== undefined) return deriveKey(settings.secret.reveal(), settings.algorithm);
  if (settings.signingKey !== undefined) return configuredKey(settings.signingKey, settings.algorithm);
  return generatedKey(join(folder, 'jwt.key'), settings.algorithm);
}

function configuredKey(path: string, algorithm: Algorithm): KeyObject {
  const pem = readPrivateFile(path);
  if (pem === undefined)
    throw unusable(path, 'tokens.signing_key names it, but there is no such file. Create it');
  const key = privateKeyFrom(path, pem);
  if (isOf(key, algorithm)) return key;
  throw unusable(
    path,
    `tokens.signing_key must be ${algorithm === 'ES256' ? 'a P-256' : 'an Ed25519'} key, because ` +
      `tokens.algorithm is ${algorithm}. Change one of the two`,
  );
}

/** Replaces a generated key of another algorithm, from before the configuration changed. */
function generatedKey(path: string, algorithm: Algorithm): KeyObject {
  const kept = privateKeyFrom(
    path,
    readOrCreate(path, () => newKeyPem(algorithm)),
  );
  if (isOf(kept, algorithm)) return kept;
  const pem = newKeyPem(algorithm);
  writeDurably(path, pem, MODE);
  return privateKeyFrom(path, Buffer.from(pem));
}

function isOf(key: KeyObject, algorithm: Algorithm): boolean {
  if (algorithm === 'EdDSA') return key.asymmetricKeyType === 'ed25519';
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
}

function newKeyPem(algorithm: Algorithm): string {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * Makes sure that `jwt.pem` is the signing key's certificate; the certificate of another key is kept
 * first.
 */
async function ensureCertificate(
  folder: string,
  signing: SigningKey,
  ca: CertificateAuthority,
  nowMs: number,
): Promise<void> {
  const path = join(folder, 'jwt.pem');
  const kept = readCertificate(path, ca);
  if (kept?.key.kid === signing.kid && isFresh(kept.certificate, nowMs)) return;
  if (kept !== undefined && kept.key.kid !== signing.kid) {
    writeDurably(join(folder, `jwt-${kept.key.kid}.pem`), kept.certificate.toString(), MODE);
  }
  const request = { commonName: signing.kid, publicKey: signing.key, nowMs, days: CERTIFICATE_DAYS };
  writeDurably(path, await ca.issue(request), MODE);
}

/** Returns keys replaced since `sinceMs`, newest first; removes the certificates of older ones. */
function replacedKeys(folder: string, ca: CertificateAuthority, sinceMs: number): PublicKey[] {
  const paths = readdirSync(folder)
    .filter((name) => RETIRED.test(name))
    .map((name) => join(folder, name));
  const files = paths.map((path) => ({ path, atMs: statSync(path).mtimeMs })).sort((a, b) => b.atMs - a.atMs);
  const needed = files.filter(({ atMs }, index) => atMs > sinceMs && index < MAX_RETIRED);
  for (const file of files) if (!needed.includes(file)) rmSync(file.path, { force: true });
  return needed.flatMap(({ path }) => readCertificate(path, ca)?.key ?? []);
}

/** Returns undefined when the file is missing or is not a certificate of this CA. */
function readCertificate(
  path: string,
  ca: CertificateAuthority,
): { certificate: X509Certificate; key: PublicKey } | undefined {
  const pem = readPrivateFile(path);
  if (pem === undefined) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    return ca.issued(certificate) ? { certificate, key: publicKey(certificate.publicKey) } : undefined;
  } catch {
    return undefined; // not a certificate
  }
}
