/**
 * Verifies the server: a certificate of the pinned CA with the expected name, over TLS 1.3. Checked in
 * each handshake, before any byte of a call is sent, so that a token only reaches its issuer.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';
import { AppError } from '../../errors.ts';

export interface PinnedTls {
  readonly secureContext: SecureContext;
  /** Passed to node:tls: returns undefined, or the reason why the certificate is wrong. */
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * With an `issuer` (the `iss` of the token to be sent), the certificate must name that server; without
 * one, the host that is connected to. Throws NOT_TRUSTED when `ca` is not a certificate.
 */
export function pinnedTls(ca: string, host: string, issuer: string | undefined): PinnedTls {
  return {
    secureContext: contextOf(ca),
    checkServerIdentity: (_host, { raw }) => {
      const certificate = new X509Certificate(raw);
      const isRight = issuer === undefined ? isNamed(certificate, host) : namesServer(certificate, issuer);
      if (isRight) return undefined;
      const wanted = issuer === undefined ? host : `server ${issuer}, which issued the token`;
      return new AppError('NOT_TRUSTED', `its certificate does not name ${wanted}`);
    },
  };
}

function contextOf(ca: string): SecureContext {
  try {
    return createSecureContext({ ca: new X509Certificate(ca).toString(), minVersion: 'TLSv1.3' });
  } catch (cause) {
    throw new AppError('NOT_TRUSTED', 'the stored CA certificate of the server is malformed', { cause });
  }
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return namesServer(certificate, host);
}

function namesServer(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
}

/** Error texts of OpenSSL and `pinnedTls` about a certificate. Grpc-js may append a note to them. */
const CERTIFICATE_ERROR =
  /its certificate does not name .*?(?=\. Resolution note:|$)|self-signed certificate[^.;]*|unable to (?:verify|get)[^.;]*|certificate has expired|certificate is not yet valid/i;

/** Returns the part of `text` that is about an untrusted certificate; undefined when there is none. */
export function certificateError(text: string): string | undefined {
  return CERTIFICATE_ERROR.exec(text)?.[0];
}
