/**
 * The keys that tokens are signed and verified with: derived from the configured secret, read from
 * the configured file (A6), or made once and kept so that a restart loses no token (A7). Each has a
 * certificate of the CA in `jwt.pem`; a replaced key's certificate stays as `jwt-<kid>.pem`, and
 * the key stays good for verifying until its last token has expired.
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
import { broken, keepOnce, type Pki, privateKeyFrom } from './pki.ts';

const MASTER_BYTES = 32;
const CERTIFICATE_DAYS = 3650;
const MODE = 0o600;
const RETIRED = /^jwt-[A-Za-z0-9_-]{43}\.pem$/;
/** A JWK Set that clients still take (token/key.ts). */
const MOST_RETIRED = 50;

export interface KeyOptions {
  /** The one of the PKI: `jwt.key`, `jwt.pem` and `master.key`, each 0600. */
  readonly folder: string;
  readonly settings: {
    readonly algorithm: Algorithm;
    /** Path of a PEM private key. */
    readonly signingKey?: string | undefined;
    readonly secret?: Secret | undefined;
    /** How long after its replacement a key may still be needed. Forever when left out. */
    readonly longestLifetimeSeconds?: number | undefined;
  };
  readonly pki: Pick<Pki, 'ca'>;
  /** Epoch milliseconds; now by default. */
  readonly nowMs?: number;
}

/** Throws CONFIG_INVALID for a key that is not as configured, or that others could have read. */
export async function loadKeys(options: KeyOptions): Promise<AuthorityKeys> {
  const { folder, pki, nowMs = Date.now() } = options;
  const masterPath = join(folder, 'master.key');
  const master = keepOnce(masterPath, () => randomBytes(MASTER_BYTES));
  if (master.length !== MASTER_BYTES)
    throw broken(masterPath, `it does not hold ${MASTER_BYTES} bytes. Restore it`);
  const signing = signingKey(privateKeyOf(options));
  await certify(folder, signing, pki.ca, nowMs);
  const retired = retiredKeys(
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
    throw broken(path, 'tokens.signing_key names it, but there is no such file. Make it');
  const key = privateKeyFrom(path, pem);
  if (isOf(key, algorithm)) return key;
  throw broken(
    path,
    `tokens.signing_key must be ${algorithm === 'ES256' ? 'a P-256' : 'an Ed25519'} key, for tokens.algorithm ` +
      `is ${algorithm}. Change one of the two`,
  );
}

/** A key of another algorithm, from before the configuration changed, is replaced. */
function generatedKey(path: string, algorithm: Algorithm): KeyObject {
  const kept = privateKeyFrom(
    path,
    keepOnce(path, () => newKeyPem(algorithm)),
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

/** Sees to it that `jwt.pem` is the signing key's; another key's certificate is put aside first. */
async function certify(
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

/** Keys replaced since `sinceMs`, the newest first; certificates of older ones are removed. */
function retiredKeys(folder: string, ca: CertificateAuthority, sinceMs: number): PublicKey[] {
  const paths = readdirSync(folder)
    .filter((name) => RETIRED.test(name))
    .map((name) => join(folder, name));
  const files = paths.map((path) => ({ path, atMs: statSync(path).mtimeMs })).sort((a, b) => b.atMs - a.atMs);
  const needed = files.filter(({ atMs }, index) => atMs > sinceMs && index < MOST_RETIRED);
  for (const file of files) if (!needed.includes(file)) rmSync(file.path, { force: true });
  return needed.flatMap(({ path }) => readCertificate(path, ca)?.key ?? []);
}

/** undefined when there is none, or none of this CA. */
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
    return undefined; // not a certificate: made anew, or left alone
  }
}
