/**
 * The server's root CA and TLS certificate, created at the first start and kept (N2). When a start is
 * killed, the next one completes its work. When two run at once, one creates the CA and both use it.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { createDurably, removeLeftovers, writeDurably } from '../../system/atomic-file.ts';
import { ensureFolder, ownUid, readPrivateFile } from '../../system/owned-path.ts';
import { CertificateAuthority, isFresh, issueRoot } from './certificate-authority.ts';
import { isFor, type ServerNames, serverNames } from './server-names.ts';

/** Lifetime of the TLS certificate, which is renewed in its last third. */
const TLS_DAYS = 825;
const MODE = 0o600;

export interface PkiOptions {
  /** Folder with `ca.pem`, `ca.key`, `tls.pem` and `tls.key`, each 0600. */
  readonly folder: string;
  readonly serverId: string;
  /** Names by which clients may reach the server, besides localhost and its id. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly nowMs: number;
  readonly lifetimeDays?: number;
}

export interface Pki {
  readonly ca: CertificateAuthority;
  readonly caPem: string;
  readonly tls: TlsPair;
  /** SHA-256 fingerprint of the CA's certificate: `AA:BB:…`. */
  readonly fingerprint: string;
  /** True when this start created the CA. */
  readonly created: boolean;
}

export interface TlsPair {
  /**
   * The certificate followed by the CA's, as sent to clients so that they can choose to trust the CA (N3).
   */
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * Loads the PKI and creates what is missing. The TLS certificate is reissued when names or addresses have
 * changed, in the last third of its lifetime, or when it is not from this CA. Throws CONFIG_INVALID for files
 * that other users could have changed, and for an incomplete CA.
 */
export async function loadPki(options: PkiOptions): Promise<Pki> {
  ensureFolder(options.folder, 0o700, { uid: ownUid(), forbidden: 0o077 });
  removeLeftovers(options.folder, options.nowMs);
  const { ca, created } = await loadCa(options);
  const { certPem, keyPem } = await loadTls(options, ca);
  const tls = { certPem: certPem + ca.pem, keyPem };
  return { ca, caPem: ca.pem, tls, fingerprint: ca.certificate.fingerprint256, created };
}

/** Writes the key first and makes the certificate from the key on disk, so that the two always match. */
async function loadCa(options: PkiOptions): Promise<{ ca: CertificateAuthority; created: boolean }> {
  const certPath = join(options.folder, 'ca.pem');
  const keyPath = join(options.folder, 'ca.key');
  const before = readPrivateFile(certPath);
  if (before !== undefined && readPrivateFile(keyPath) === undefined) {
    throw unusable(certPath, `ca.key is missing. Restore ca.key from a backup`);
  }
  const privateKey = privateKeyFrom(keyPath, readOrCreate(keyPath, newKeyPem));
  const made = before ?? Buffer.from(await issueRoot(options.serverId, privateKey, options.nowMs));
  const created = before === undefined && createDurably(certPath, made, MODE);
  const ca = caFrom(certPath, created ? made : readPrivateFile(certPath), privateKey);
  if (options.nowMs > ca.certificate.validToDate.getTime()) {
    throw unusable(
      certPath,
      'it has expired. Move the folder away to get a new CA, and let the clients trust it',
    );
  }
  return { ca, created };
}

function caFrom(path: string, pem: Buffer | undefined, privateKey: KeyObject): CertificateAuthority {
  const ca = attempt(() => new CertificateAuthority(String(pem), privateKey));
  if (ca?.fits()) return ca;
  throw unusable(path, 'it does not match ca.key. Restore both from the same backup');
}

async function loadTls(options: PkiOptions, ca: CertificateAuthority): Promise<TlsPair> {
  const certPath = join(options.folder, 'tls.pem');
  const keyPath = join(options.folder, 'tls.key');
  const server = serverNames(options);
  const kept = { certPem: textOf(certPath), keyPem: textOf(keyPath) };
  if (isUsable(kept, ca, server, options.nowMs)) return kept;
  const keyPem = newKeyPem();
  const certPem = await ca.issue({
    commonName: options.serverId,
    publicKey: createPublicKey(keyPem),
    nowMs: options.nowMs,
    days: options.lifetimeDays ?? TLS_DAYS,
    server,
  });
  // If the process is killed in between, the two do not match and the next start creates both again.
  writeDurably(keyPath, keyPem, MODE);
  writeDurably(certPath, certPem, MODE);
  return { certPem, keyPem };
}

function isUsable(pair: TlsPair, ca: CertificateAuthority, server: ServerNames, nowMs: number): boolean {
  const usable = attempt(() => {
    const certificate = new X509Certificate(pair.certPem);
    const matches = certificate.checkPrivateKey(createPrivateKey(pair.keyPem));
    return matches && ca.issued(certificate) && isFresh(certificate, nowMs) && isFor(certificate, server);
  });
  return usable === true;
}

/**
 * Returns the bytes of a private file. A missing file is created with `make` by whichever process is
 * first.
 */
export function readOrCreate(path: string, make: () => string | Buffer): Buffer {
  const kept = readPrivateFile(path);
  if (kept !== undefined) return kept;
  createDurably(path, make(), MODE);
  const made = readPrivateFile(path);
  if (made === undefined) throw unusable(path, 'it was removed while the server was starting. Start again');
  return made;
}

/** Parses a private key in PEM. Throws CONFIG_INVALID, without any byte of the file. */
export function privateKeyFrom(path: string, pem: Buffer): KeyObject {
  const key = attempt(() => createPrivateKey(pem));
  if (key === undefined) throw unusable(path, 'it is not a PEM private key without a passphrase. Replace it');
  return key;
}

export function unusable(path: string, why: string): AppError {
  return new AppError('CONFIG_INVALID', `${path} cannot be used: ${why}`);
}

function newKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function textOf(path: string): string {
  return readPrivateFile(path)?.toString() ?? '';
}

/** Returns undefined when `work` throws: OpenSSL's errors say little and may quote the input. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
