/**
 * Whom the client talks to: a server with a certificate of the pinned CA that names what it has to
 * name, over TLS 1.3. Checked at every handshake, before a byte of a call is sent, so that a token
 * reaches its issuer and nobody else.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type PeerCertificate, type SecureContext } from 'node:tls';
import { AppError } from '../../errors.ts';

export interface PinnedTls {
  readonly secureContext: SecureContext;
  /** For tls: undefined, or why the certificate is not the right one. */
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * With an `issuer` (the `iss` of the token that will be sent) the certificate has to name that server;
 * without one, the host dialled. Throws NOT_TRUSTED when `ca` is no certificate.
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
    throw new AppError('NOT_TRUSTED', 'the CA certificate kept for the server is not one', { cause });
  }
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return namesServer(certificate, host);
}

function namesServer(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
}

/** What OpenSSL and `trustOf` say when a certificate is the trouble, as grpc-js passes it on. */
const TROUBLE =
  /its certificate does not name .*|self-signed certificate[^.]*|unable to (?:verify|get)[^.]*|certificate has expired|certificate is not yet valid/i;

/** The words of `text` about a certificate that is not trusted, if that is what it is about. */
export function certificateTrouble(text: string): string | undefined {
  return TROUBLE.exec(text)?.[0];
}
