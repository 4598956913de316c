/**
 * Checks that the running daemon has a cgroup subtree of its own, to end links and sessions and to limit
 * them.
 */
import { CONTROLLERS, delegationOf } from '../../supervisor/cgroups/delegation.ts';
import { SUDO_RUN_FOLDER } from '../../supervisor/starters/sudo.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';

const found = new Findings('cgroups');

export async function checkCgroups({ account, config }: Subject, pid: number | undefined): Promise<Finding> {
  const { mode, links, paths } = config;
  if (mode === 'self' || !links.sudo || paths.run !== SUDO_RUN_FOLDER)
    return found.skipped('links are not started by sudo, and only those have cgroups');
  if (pid === undefined) return found.skipped('the server is not running; see the finding about daemon');
  const delegation = await delegationOf(pid, account.uid).catch(() => undefined);
  if (delegation === undefined) {
    const summary =
      'the server has no cgroup subtree of its own: processes that leave their session may outlive it';
    return found.warning(summary, 'in the unit: Delegate=yes and KillMode=process; cgroups of version 2');
  }
  const { path, missing, unavailable } = delegation;
  if (missing.length === 0) return found.ok(`${path} is the server's own, with ${CONTROLLERS.join(' and ')}`);
  const summary = `${path} is the server's own, but links have no limits on ${missing.join(' and ')}`;
  return found.warning(
    summary,
    unavailable.length === 0
      ? 'in the unit: Delegate=yes'
      : `let this host have ${unavailable.join(' and ')}, see /sys/fs/cgroup/cgroup.controllers: in a container ` +
          'the container must be given them; otherwise boot with systemd.unified_cgroup_hierarchy=1',
  );
}
