/** Runs all checks one after the other, since some of them act as the daemon's user meanwhile. */
import { isAppError } from '../errors.ts';
import { hostServerInstead } from '../system/host-server.ts';
import { checkCertificates } from './checks/certificates.ts';
import { checkCgroups } from './checks/cgroups.ts';
import { checkClock } from './checks/clock.ts';
import { type Flags, findSubject, type Subject } from './checks/configuration.ts';
import { checkDaemon, leaveToRoot } from './checks/daemon.ts';
import { checkDatabase } from './checks/database.ts';
import { checkDisk } from './checks/disk.ts';
import { checkFiles, checkFolders } from './checks/folders.ts';
import { checkLinks } from './checks/links.ts';
import { checkLogind } from './checks/logind.ts';
import { checkPamSession } from './checks/pam-session.ts';
import { findService, type Service } from './checks/service.ts';
import { checkSshd } from './checks/sshd/sshd.ts';
import { checkSudo } from './checks/sudo.ts';
import { checkPam, checkUsers } from './checks/users.ts';
import { type Check, type Finding, Findings } from './finding.ts';

/** Longer than any check can take, even when each of its steps uses up its own time limit. */
const CHECK_MS = 30_000;

/** Without a usable configuration, only that is reported. */
export async function examine(
  flags: Flags,
  env: NodeJS.ProcessEnv,
  uid: number,
  now: () => number,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const service = await findService(uid);
  const configuration = await runCheck(found, 'configuration', () => findSubject(flags, env, uid, service));
  const subject = configuration?.subject;
  if (subject === undefined) return found;
  const instead = hostServerInstead(subject.config);
  if (instead === undefined) await examineServer(found, subject, service, uid, now);
  else await addCheck(found, 'daemon', () => leaveToRoot(instead));
  return found;
}

async function examineServer(
  found: Finding[],
  subject: Subject,
  service: Service,
  uid: number,
  now: () => number,
): Promise<void> {
  const path = subject.config.store.url.slice('sqlite:'.length);
  const { pid, client } = (await runCheck(found, 'daemon', () => checkDaemon(subject, service))) ?? {};
  await addCheck(found, 'links', () => checkLinks(client));
  await client?.close();
  await addCheck(found, 'folders', () => checkFolders(subject));
  await addCheck(found, 'files', () => checkFiles(subject));
  await addCheck(found, 'certificates', () => checkCertificates(subject, service, now()));
  await addCheck(found, 'database', () => checkDatabase(subject, path, pid !== undefined, service));
  await addCheck(found, 'disk', () => checkDisk(path, service));
  await addCheck(found, 'sshd', (signal) => checkSshd(subject, signal));
  await addCheck(found, 'logind', () => checkLogind(subject));
  const users = await runCheck(found, 'users', () => checkUsers(subject));
  await addCheck(found, 'pam', async () => [checkPam(subject), ...(await checkPamSession(subject, uid))]);
  await addCheck(found, 'sudo', () => checkSudo(subject, uid, users?.eligible ?? []));
  await addCheck(found, 'cgroups', () => checkCgroups(subject, pid));
  await addCheck(found, 'clock', () => checkClock(subject, now()));
}

type Found = Finding | readonly Finding[];

/** Runs a check and adds its findings. */
async function addCheck(
  found: Finding[],
  name: Check,
  work: (signal: AbortSignal) => Promise<Found> | Found,
): Promise<void> {
  await runCheck(found, name, async (signal) => ({ findings: [await work(signal)].flat() }));
}

/**
 * Runs a check, adds its findings and returns its whole result. A check that fails or takes too long is
 * reported as a problem, returns undefined, and does not affect the others.
 */
async function runCheck<Seen extends { findings: readonly Finding[] }>(
  found: Finding[],
  name: Check,
  work: (signal: AbortSignal) => Promise<Seen>,
): Promise<Seen | undefined> {
  const ended = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MS / 1000} s`)), CHECK_MS);
  try {
    const seen = await Promise.race([work(ended.signal), late]);
    found.push(...seen.findings);
    return seen;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const summary = isAppError(error) ? why : `the check failed: ${why}`;
    found.push(new Findings(name).problem(summary, 'try again; if that does not help, report it'));
    return undefined;
  } finally {
    clearTimeout(timer);
    ended.abort(new Error('the check has ended'));
  }
}
