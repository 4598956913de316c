/**
 * Fetches a server's CA certificate before it is trusted: connects without verification, takes the chain that
 * the server sends and checks that it is consistent. Sends nothing but the TLS handshake.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { AppError } from '../errors.ts';

const TIMEOUT_MS = 10_000;
const LONGEST_CHAIN = 8;

export interface PresentedCa {
  /** The CA certificate that the server presents, as PEM. */
  readonly pem: string;
  /** SHA-256 of the certificate, "AA:BB:…". */
  readonly fingerprint: string;
  /** A warning to show before the user confirms. */
  readonly warning: string | undefined;
}

/**
 * Returns the CA certificate of the server at `address`, host:port. Throws UNREACHABLE when nothing answers,
 * NOT_TRUSTED when the chain does not end in a CA, is not signed by it, or has expired.
 */
export async function fetchCa(address: string, nowMs: number): Promise<PresentedCa> {
  const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(address) ?? [];
  const chain = await fetchChain(host, Number(port));
  const [leaf] = chain;
  const ca = chain.at(-1);
  if (leaf === undefined || ca === undefined || !ca.ca || !ca.checkIssued(ca) || !ca.verify(ca.publicKey)) {
    throw refused(`${host} presents no certificate authority of its own, so it is no Latchkey server`);
  }
  chain.slice(1).forEach((issuer, at) => {
    const below = chain[at];
    if (below?.checkIssued(issuer) !== true || !below.verify(issuer.publicKey) || !issuer.ca) {
      throw refused(`the certificates that ${host} presents do not form a chain`);
    }
  });
  for (const each of chain) {
    if (each.validFromDate.getTime() > nowMs || each.validToDate.getTime() < nowMs) {
      throw refused(`the certificate of ${host} is out of date (${each.validFrom} to ${each.validTo})`);
    }
  }
  return { pem: ca.toString(), fingerprint: ca.fingerprint256, warning: misnamed(leaf, host) };
}

/**
 * Warns when the certificate does not have the server's name. With a token, the client checks the server's id
 * under any address; calls without a token need the name.
 */
function misnamed(leaf: X509Certificate, host: string): string | undefined {
  const strict = { subject: 'never', wildcards: false } as const;
  if ((isIP(host) === 0 ? leaf.checkHost(host, strict) : leaf.checkIP(host)) !== undefined) return undefined;
  return `note: the server's certificate does not name ${host}; it names ${leaf.subjectAltName ?? 'nothing'}`;
}

function fetchChain(host: string, port: number): Promise<X509Certificate[]> {
  return new Promise((resolve, reject) => {
    const unreachable = (why: string, cause?: unknown): void => {
      socket.destroy();
      reject(new AppError('UNREACHABLE', `${host} port ${port}: ${why}`, { cause }));
    };
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect(
      { host, port, rejectUnauthorized: false, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3', ...servername },
      () => {
        const chain = chainOf(socket.getPeerCertificate(true));
        socket.destroy();
        resolve(chain);
      },
    );
    socket.setTimeout(TIMEOUT_MS, () => unreachable(`no TLS answer within ${TIMEOUT_MS / 1000} s`));
    socket.on('error', (error) => unreachable(error.message, error));
  });
}

function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at: DetailedPeerCertificate | undefined = leaf;
  while (at?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(new X509Certificate(at.raw));
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

function refused(message: string): AppError {
  return new AppError('NOT_TRUSTED', `${message}; nothing was stored`);
}
