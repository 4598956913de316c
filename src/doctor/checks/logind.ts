/**
 * Checks what logind does at the end of a user's last session (logind.conf(5)). It does not know of links and
 * of the sessions below them.
 */
import { existsSync } from 'node:fs';
import { runProgram } from '../../system/run-program.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';

const BUSCTL = '/usr/bin/busctl';
const MANAGER = [
  'org.freedesktop.login1',
  '/org/freedesktop/login1',
  'org.freedesktop.login1.Manager',
] as const;
const LINGER = 'loginctl enable-linger USER';
const MANUAL = 'man latchkey-sshd';
const found = new Findings('logind');

export async function checkLogind({ config }: Subject): Promise<Finding[]> {
  if (!existsSync('/run/systemd/system') || !existsSync(BUSCTL))
    return [found.ok('systemd-logind does not run')];
  const [killsProcesses, removesIpc] = await Promise.all([ask('KillUserProcesses'), ask('RemoveIPC')]);
  if (killsProcesses === undefined || removesIpc === undefined)
    return [found.ok('systemd-logind does not run')];
  const findings: Finding[] = [];
  if (killsProcesses && !config.links.sudo)
    findings.push(
      found.warning(
        'logind kills the link that a login over SSH has started as soon as that login is over (KillUserProcesses=yes, links.sudo: false)',
        `links.sudo: true, or ${LINGER}, or in logind.conf: KillUserProcesses=no; ${MANUAL}`,
      ),
    );
  if (removesIpc)
    findings.push(
      found.warning(
        "at a user's last logout over SSH logind removes shared memory, message queues and XDG_RUNTIME_DIR of sessions that go on (RemoveIPC=yes)",
        `for users with such programs: ${LINGER}; or in logind.conf: RemoveIPC=no; ${MANUAL}`,
      ),
    );
  return findings.length > 0 ? findings : [found.ok('logind takes nothing from links at the last logout')];
}

/** Returns a property of logind; undefined when it does not run. */
async function ask(property: string): Promise<boolean | undefined> {
  const answered = await runProgram(BUSCTL, ['get-property', ...MANAGER, property]).catch(() => undefined);
  return answered?.status === 0 ? answered.stdout.trim() === 'b true' : undefined;
}
