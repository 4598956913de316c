/** Checks the certificates that clients see: dates, names, and that they belong together. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { readPrivateFile } from '../../system/owned-path.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';
import type { Service } from './service.ts';

const SOON_MS = 30 * 86_400_000;
const found = new Findings('certificates');

export function checkCertificates(subject: Subject, { restart }: Service, nowMs: number): Finding[] {
  const { pki } = subject.config.paths;
  try {
    const ca = read(subject, join(pki, 'ca.pem'));
    const server = read(subject, join(pki, 'tls.pem'));
    if (ca === undefined) return [found.ok('none yet: the first start makes them')];
    const renewal = `move ${pki} away for a new one, ${restart}, and on each client: latchkey trust`;
    const dates = [checkDates("the authority's certificate", ca, renewal, nowMs)];
    if (server === undefined)
      return [...dates, found.problem("the server's certificate is missing", restart)];
    dates.push(checkDates("the server's certificate", server, restart, nowMs));
    return [...dates.filter(({ status }) => status !== 'ok'), ...checkNames(subject, ca, server, restart)];
  } catch (error) {
    return [found.failed(error, 'see the finding about files')];
  }
}

/** Returns undefined when there is none. Throws CONFIG_INVALID. */
function read({ account }: Subject, path: string): X509Certificate | undefined {
  const pem = asAccount(account, () => readPrivateFile(path));
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    const message = `${path} is not a certificate. Restore it from a backup`;
    throw new AppError('CONFIG_INVALID', message, { cause });
  }
}

/** The server reissues its certificate long before it expires, so 30 days before is already too late. */
function checkDates(
  what: string,
  { validFromDate, validToDate }: X509Certificate,
  remedy: string,
  nowMs: number,
) {
  const day = validToDate.toISOString().slice(0, 10);
  const left = validToDate.getTime() - nowMs;
  if (left < 0) return found.problem(`${what} has expired on ${day}`, remedy);
  if (validFromDate.getTime() > nowMs)
    return found.problem(
      `${what} is not valid before ${validFromDate.toISOString()}`,
      'see the finding about clock',
    );
  if (left < SOON_MS) return found.warning(`${what} expires on ${day}`, remedy);
  return found.ok(day);
}

function checkNames(
  { config }: Subject,
  ca: X509Certificate,
  server: X509Certificate,
  restart: string,
): Finding[] {
  const { hostname } = config.server;
  if (!server.checkIssued(ca) || !server.verify(ca.publicKey))
    return [found.problem("the server's certificate was not issued by its authority", restart)];
  if (server.checkHost(hostname.toLowerCase(), { subject: 'never', wildcards: false }) === undefined) {
    const remedy = `${restart}; or server.hostname: a DNS name`;
    return [found.warning(`the server's certificate does not name ${hostname}`, remedy)];
  }
  const [until, authority] = [server, ca].map((each) => each.validToDate.toISOString().slice(0, 10));
  return [
    found.ok(
      `the server's names ${hostname} and is valid until ${until}, the authority's until ${authority}; ` +
        `SHA-256 of the authority's: ${ca.fingerprint256}`,
    ),
  ];
}
