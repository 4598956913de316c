/** Checks the host's accounts as the daemon sees them. */
import { lstatSync } from 'node:fs';
import { checkEligible } from '../../accounts/eligible.ts';
import { canonicalUser, listedUsers, type UserEntry } from '../../accounts/user-database.ts';
import { groupId } from '../../config/paths/group-id.ts';
import { isAppError } from '../../errors.ts';
import { SERVICE_FILE } from '../../link/account/account-phase.ts';
import { NAME } from '../../supervisor/starters/sudo.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';

const WRITABLE_BY_OTHERS = 0o022;
const UNIX = 'unix:';

/**
 * Checks that the users and groups in the configuration exist, and finds the accounts that may have links
 * by sudo, as far as the user database enumerates them. Throws UNAVAILABLE.
 */
export async function checkUsers({
  config,
}: Subject): Promise<{ findings: Finding[]; eligible: UserEntry[] }> {
  const found = new Findings('users');
  if (config.mode === 'self') return { findings: [found.skipped('self mode: no other users')], eligible: [] };
  const users = await listedUsers();
  const eligible = users.filter((user) => NAME.test(user.name) && mayHaveLink(user, config));
  const unknown = [...(await unknownUsers(config, found)), ...unknownGroups(config, found)];
  const none = 'the user database lists no account that may have a link';
  const some =
    eligible.length > 0
      ? found.ok(`accounts that may have links: ${eligible.length}`)
      : found.warning(none, 'links.eligible.min_uid, links.eligible.users');
  return { findings: [...unknown, some], eligible };
}

function mayHaveLink(entry: UserEntry, { links }: Subject['config']): boolean {
  try {
    checkEligible(entry, { ...links.eligible, self: false });
    return entry.uid !== 0;
  } catch (error) {
    if (isAppError(error, 'NOT_ELIGIBLE')) return false;
    throw error;
  }
}

async function unknownUsers({ links }: Subject['config'], found: Findings): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of links.eligible.users) {
    if ((await canonicalUser(name)) !== undefined) continue;
    const summary = `links.eligible.users names ${name}, an unknown user`;
    findings.push(found.warning(summary, `getent passwd ${name}`));
  }
  return findings;
}

function unknownGroups({ roles }: Subject['config'], found: Findings): Finding[] {
  return Object.entries(roles).flatMap(([role, { groups }]) => {
    const names = groups.filter((name) => name.startsWith(UNIX)).map((name) => name.slice(UNIX.length));
    const unknown = names.filter((name) => groupId(name) === undefined);
    return unknown.map((name) =>
      found.warning(`roles.${role}.groups names ${name}, an unknown group`, `getent group ${name}`),
    );
  });
}

/** Checks that links can ask PAM about their account (pam_acct_mgmt(3)). */
export function checkPam({ config }: Subject): Finding {
  const found = new Findings('pam');
  if (config.mode === 'self') return found.skipped('self mode: nobody logs in');
  const entry = lstatSync(SERVICE_FILE, { throwIfNoEntry: false });
  if (entry === undefined) {
    const make = `printf 'account required pam_unix.so\\n' >${SERVICE_FILE}`;
    return found.warning(`${SERVICE_FILE} is missing: links do not notice an expired account`, make);
  }
  if (entry.isFile() && entry.uid === 0 && (entry.mode & WRITABLE_BY_OTHERS) === 0)
    return found.ok(`${SERVICE_FILE} decides which accounts may be used`);
  const mend = `chown root:root ${SERVICE_FILE} && chmod 0644 ${SERVICE_FILE}`;
  return found.problem(`${SERVICE_FILE} can be changed by users other than root`, mend);
}
