/**
 * Checks that the sshd which verifies passwords answers with one of the pinned keys. Nobody is logged in.
 */
import { codeOf } from '../../errno.ts';
import { isAppError } from '../../errors.ts';
import { type HostKeyFile, hostKeyFiles } from '../../login/ssh/host-keys.ts';
import { localAddressFor } from '../../login/ssh/local-address.ts';
import { SSH_DEADLINES, SshConnection } from '../../login/ssh/ssh-connection.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';

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
  return [...unusable, await greet(ssh, hostKeys, signal)];
}

function unusableFile({ path, problem }: HostKeyFile, { account }: Subject): Finding[] {
  return problem ? [found.failed(problem, `let ${account.name} read it: chmod a+r ${path}`)] : [];
}

async function greet(
  { host, port }: { host: string; port: number },
  hostKeys: HostKeyFile['keys'],
  signal: AbortSignal,
): Promise<Finding> {
  const localAddress = localAddressFor(SOURCE, host);
  try {
    await SshConnection.verifyHostKey({
      host,
      port,
      localAddress,
      hostKeys,
      signal,
      deadlines: SSH_DEADLINES,
    });
    return found.ok(`${host} port ${port} answers with one of ${hostKeys.length} pinned host keys`);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const message = error.message.replace(/; tell the administrator.*/, '');
    const isNotPinned = message.includes('not pinned');
    const why = error.cause instanceof Error ? `: ${codeOf(error.cause) ?? error.cause.message}` : '';
    const remedy = isNotPinned
      ? `login.ssh.host_keys: the public host keys of the sshd at ${host} port ${port}`
      : 'systemctl status ssh; or login.ssh.host, login.ssh.port, login.methods';
    return found.problem(`${host} port ${port}: ${message}${why}`, remedy);
  }
}
