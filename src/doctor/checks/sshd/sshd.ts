/**
 * Checks that the sshd which verifies passwords answers with one of the pinned keys, and that it treats
 * logins through Latchkey, which reach it from loopback, as it treats others. Nobody is logged in.
 */
import { codeOf } from '../../../errno.ts';
import { type AppError, isAppError } from '../../../errors.ts';
import { type Mismatch, mismatchWith } from '../../../login/ssh/algorithm-mismatch.ts';
import {
  SSH_DEADLINES,
  SshConnection,
  type SshServer,
} from '../../../login/ssh/connection/ssh-connection.ts';
import { algorithmsOf, type HostKeyFile, hostKeyFiles } from '../../../login/ssh/host-keys.ts';
import { localAddressFor } from '../../../login/ssh/local-address.ts';
import { ownUid } from '../../../system/owned-path.ts';
import { type Finding, Findings } from '../../finding.ts';
import { asAccount } from '../../identity.ts';
import type { Subject } from '../configuration.ts';
import { findAddressRules, THROUGH_LATCHKEY } from './address-rules.ts';
import { findSshd, type Sshd, type SshdSettings, settingsFor } from './settings.ts';
import { judgeSourceLimits } from './source-limits.ts';

const found = new Findings('sshd');
/** A source of its own, so that sshd does not count this connection without a login against anybody else. */
const SOURCE = 'latchkey doctor';

export async function checkSshd(subject: Subject, signal: AbortSignal): Promise<Finding[]> {
  const { methods, ssh } = subject.config.login;
  if (!methods.includes('ssh')) return [found.skipped('login.methods has no ssh')];
  const files = asAccount(subject.account, () => hostKeyFiles(ssh.hostKeys));
  const hostKeys = files.flatMap(({ keys }) => keys);
  const status = hostKeys.length > 0 ? ('warning' as const) : ('problem' as const);
  const unusable = files.flatMap((file) => unusableFile(file, subject)).map((one) => ({ ...one, status }));
  if (hostKeys.length === 0) {
    const summary = `no host key is pinned: no file matching ${ssh.hostKeys} has one`;
    return [...unusable, found.problem(summary, `ls -l ${ssh.hostKeys}; or login.ssh.host_keys`)];
  }
  const localAddress = localAddressFor(SOURCE, ssh.host);
  const server = { ...ssh, localAddress, hostKeys, signal, deadlines: SSH_DEADLINES };
  const sshd = ownUid() === 0 ? await findSshd(ssh.host, ssh.port) : undefined;
  const settings = sshd && (await settingsFor(sshd, { user: 'root', ...THROUGH_LATCHKEY }));
  const greeted = await greet(server, sshd, settings);
  if (greeted.status !== 'ok' || ownUid() !== 0) return [...unusable, greeted];
  if (sshd === undefined || settings === undefined) return [...unusable, greeted, unknownSettings(sshd)];
  const { configFile } = sshd;
  const limits = judgeSourceLimits(settings, { host: ssh.host, configFile }, found);
  return [...unusable, greeted, ...(await findAddressRules(subject, sshd, found)), ...limits];
}

function unknownSettings(sshd: Sshd | undefined): Finding {
  const why = sshd === undefined ? 'no sshd of root listens there' : `sshd refuses ${sshd.configFile}`;
  const remedy = sshd === undefined ? 'man latchkey-sshd' : `/usr/sbin/sshd -T -f ${sshd.configFile}`;
  return found.skipped(`its rules by address and its limits were not checked: ${why}`, remedy);
}

function unusableFile({ path, problem }: HostKeyFile, { account }: Subject): Finding[] {
  return problem ? [found.failed(problem, `let ${account.name} read it: chmod a+r ${path}`)] : [];
}

async function greet(
  server: SshServer,
  sshd: Sshd | undefined,
  settings: SshdSettings | undefined,
): Promise<Finding> {
  const { host, port, hostKeys } = server;
  try {
    await SshConnection.verifyHostKey(server);
    return found.ok(`${host} port ${port} answers with one of ${hostKeys.length} pinned host keys`);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const mismatch = isHandshake(error) ? await mismatchWith(server) : hostKeyMismatch(server, settings);
    return mismatch === undefined ? unanswered(server, error) : nothingInCommon(server, mismatch, sshd);
  }
}

/** Returns true for an error of ssh2 that sshd has not caused alone. */
function isHandshake({ cause }: AppError): boolean {
  return cause instanceof Error && 'level' in cause && cause.level === 'handshake';
}

/** sshd closes the connection without a word when its list fits none of its own keys. */
function hostKeyMismatch({ hostKeys }: SshServer, settings: SshdSettings | undefined): Mismatch | undefined {
  const sshd = settings?.get('hostkeyalgorithms')?.[0]?.split(',') ?? [];
  const latchkey = algorithmsOf(hostKeys);
  if (sshd.length === 0 || sshd.some((algorithm) => latchkey.includes(algorithm))) return undefined;
  return { keyword: 'HostKeyAlgorithms', sshd, latchkey };
}

function nothingInCommon(
  { host, port }: SshServer,
  { keyword, sshd, latchkey }: Mismatch,
  { configFile }: Pick<Sshd, 'configFile'> = { configFile: 'sshd_config' },
): Finding {
  const lists = `sshd has ${sshd.join(', ')}; Latchkey has ${latchkey.join(', ')}`;
  const summary = `${host} port ${port}: nothing in common with sshd in ${keyword}: ${lists}`;
  return found.problem(summary, `in ${configFile}: ${keyword} ${[...sshd, latchkey[0]].join(',')}`);
}

function unanswered({ host, port }: SshServer, error: AppError): Finding {
  const message = error.message.replace(/; tell the administrator.*/, '');
  const isNotPinned = message.includes('not pinned');
  const why = error.cause instanceof Error ? `: ${codeOf(error.cause) ?? error.cause.message}` : '';
  const remedy = isNotPinned
    ? `login.ssh.host_keys: the public host keys of the sshd at ${host} port ${port}`
    : 'systemctl status ssh; or login.ssh.host, login.ssh.port, login.methods';
  return found.problem(`${host} port ${port}: ${message}${why}`, remedy);
}
