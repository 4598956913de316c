/** All checks, one after the other: some of them act as the daemon's user meanwhile. */
import { isAppError } from '../errors.ts';
import { checkCertificates } from './checks/certificates.ts';
import { checkCgroups } from './checks/cgroups.ts';
import { checkClock } from './checks/clock.ts';
import { type Flags, findSubject, type Subject } from './checks/configuration.ts';
import { lookAtDaemon } from './checks/daemon.ts';
import { checkDatabase } from './checks/database.ts';
import { checkDisk } from './checks/disk.ts';
import { checkFiles, checkFolders } from './checks/folders.ts';
import { checkLinks } from './checks/links.ts';
import { findService, type Service } from './checks/service.ts';
import { checkSshd } from './checks/sshd.ts';
import { checkSudo } from './checks/sudo.ts';
import { checkPam, lookAtUsers } from './checks/users.ts';
import { type Check, type Finding, Findings } from './finding.ts';

/** Longer than any check takes whose steps all use up their own limits. */
const CHECK_MS = 30_000;

/** Without a configuration there is the finding about that and no other. */
export async function examine(
  flags: Flags,
  env: NodeJS.ProcessEnv,
  uid: number,
  now: () => number,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const service = await findService(uid);
  const looked = await look(found, 'configuration', () => findSubject(flags, env, uid, service));
  if (looked?.subject !== undefined) await examineServer(found, looked.subject, service, uid, now);
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
  const { pid, client } = (await look(found, 'daemon', () => lookAtDaemon(subject, service))) ?? {};
  await check(found, 'links', () => checkLinks(client));
  await client?.close();
  await check(found, 'folders', () => checkFolders(subject));
  await check(found, 'files', () => checkFiles(subject));
  await check(found, 'certificates', () => checkCertificates(subject, service, now()));
  await check(found, 'database', () => checkDatabase(subject, path, pid !== undefined, service));
  await check(found, 'disk', () => checkDisk(path, service));
  await check(found, 'sshd', (signal) => checkSshd(subject, signal));
  const users = await look(found, 'users', () => lookAtUsers(subject));
  await check(found, 'pam', () => checkPam(subject));
  await check(found, 'sudo', () => checkSudo(subject, uid, users?.eligible ?? []));
  await check(found, 'cgroups', () => checkCgroups(subject, pid));
  await check(found, 'clock', () => checkClock(subject, now()));
}

type Found = Finding | readonly Finding[];

/** Adds what `work` finds. */
async function check(
  found: Finding[],
  name: Check,
  work: (signal: AbortSignal) => Promise<Found> | Found,
): Promise<void> {
  await look(found, name, async (signal) => ({ findings: [await work(signal)].flat() }));
}

/**
 * Adds the findings of `work`, and resolves with all it has seen. Work that fails, or takes too long, is a problem
 * of its own, resolves with nothing, and leaves the others alone.
 */
async function look<Seen extends { findings: readonly Finding[] }>(
  found: Finding[],
  name: Check,
  work: (signal: AbortSignal) => Promise<Seen>,
): Promise<Seen | undefined> {
  const over = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_MS / 1000} s`)), CHECK_MS);
  try {
    const seen = await Promise.race([work(over.signal), late]);
    found.push(...seen.findings);
    return seen;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const summary = isAppError(error) ? why : `it could not be checked: ${why}`;
    found.push(new Findings(name).problem(summary, 'try again; if that does not help, report it'));
    return undefined;
  } finally {
    clearTimeout(timer);
    over.abort(new Error('given up'));
  }
}
