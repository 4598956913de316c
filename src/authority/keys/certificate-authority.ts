/**
 * The root CA of one server, and the certificates it issues (RFC 5280). All keys are P-256. The private
 * key is never exposed.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { loadX509, type X509 } from './x509.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 20 * 365;
/** Certificates begin a day in the past, for clients whose clocks are behind. */
const BACKDATED_MS = DAY_MS;

/** The contents of a certificate. */
export interface Profile {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly nowMs: number;
  readonly days: number;
  /** Names and addresses of a TLS server; without them the certificate is for signatures only. */
  readonly server?: { readonly names: readonly string[]; readonly addresses: readonly string[] };
}

export class CertificateAuthority {
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly #privateKey: KeyObject;

  /** The certificate and the key must belong together; `fits` checks it. */
  constructor(pem: string, privateKey: KeyObject) {
    this.pem = pem;
    this.certificate = new X509Certificate(pem);
    this.#privateKey = privateKey;
  }

  /** Returns true when the certificate is a self-issued CA certificate of this private key. */
  fits(): boolean {
    const { certificate } = this;
    return certificate.ca && certificate.checkPrivateKey(this.#privateKey) && this.issued(certificate);
  }

  /** Returns true when this CA's key signed `certificate`. */
  issued(certificate: X509Certificate): boolean {
    return certificate.checkIssued(this.certificate) && certificate.verify(this.certificate.publicKey);
  }

  /** Issues a certificate; returns its PEM. */
  async issue(profile: Profile): Promise<string> {
    const x509 = await loadX509();
    const issuer = new x509.X509Certificate(this.pem);
    const publicKey = new x509.PublicKey(spki(profile.publicKey));
    const made = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [profile.commonName] }],
      issuer: issuer.subjectName,
      publicKey,
      signingKey: this.#privateKey.toCryptoKey(ALGORITHM, false, ['sign']),
      signingAlgorithm: ALGORITHM,
      ...validity(profile.nowMs, profile.days),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...serverExtensions(x509, profile.server),
      ],
    });
    return `${made.toString('pem')}\n`;
  }
}

/** Issues the self-signed certificate of a new root for `privateKey`; returns its PEM. */
export async function issueRoot(serverId: string, privateKey: KeyObject, nowMs: number): Promise<string> {
  const x509 = await loadX509();
  const publicKey = createPublicKey(privateKey);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ O: [serverId] }, { CN: ['Latchkey CA'] }],
    keys: {
      privateKey: privateKey.toCryptoKey(ALGORITHM, false, ['sign']),
      publicKey: publicKey.toCryptoKey(ALGORITHM, true, ['verify']),
    },
    signingAlgorithm: ALGORITHM,
    ...validity(nowMs, CA_DAYS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(new x509.PublicKey(spki(publicKey))),
    ],
  });
  return `${made.toString('pem')}\n`;
}

/** Returns true when `certificate` is valid and more than a third of its lifetime is left. */
export function isFresh({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  const from = validFromDate.getTime();
  const to = validToDate.getTime();
  return nowMs >= from && to - nowMs > (to - from) / 3;
}

function validity(nowMs: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + days * DAY_MS) };
}

function serverExtensions(x509: X509, server: Profile['server']): InstanceType<X509['Extension']>[] {
  if (server === undefined) return [];
  return [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension([
      ...server.names.map((value) => ({ type: 'dns' as const, value })),
      ...server.addresses.map((value) => ({ type: 'ip' as const, value })),
    ]),
  ];
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
