/**
 * The environment of a session, in the order in which sshd sets it: the account's variables, those of PAM,
 * and then the requested ones.
 */
import { existsSync, statSync } from 'node:fs';
import { invalidField } from '../../errors.ts';
import type { Account } from '../account/account.ts';

/** Set by Debian's sshd where PAM sets none. */
const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/games';
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Names that a shell passes on (POSIX 3.216); others would get lost in the keeper. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Tells a program its session, and marks its processes. */
export const SESSION_ID_NAME = 'LATCHKEY_SESSION_ID';

/**
 * Returns the variables of a session; `ofLogin` are those of PAM. Throws INVALID_ARGUMENT for a requested
 * name that cannot be passed on or is reserved.
 */
export function sessionEnvironment(
  account: Account,
  ofLogin: Readonly<Record<string, string>>,
  requested: Readonly<Record<string, string>>,
  sessionId: string,
): Record<string, string> {
  for (const [name, value] of Object.entries(requested)) checkVariable(name, value);
  return {
    PATH: account.uid === 0 ? ROOT_PATH : PATH,
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell || '/bin/sh',
    ...ofLogin,
    ...runtimeVariables(account.uid),
    ...requested,
    [SESSION_ID_NAME]: sessionId,
  };
}

function checkVariable(name: string, value: string): void {
  if (!NAME.test(name)) throw invalidField('environment', 'a name may only have letters, digits and _');
  if (name.startsWith('LATCHKEY_')) throw invalidField('environment', `${name} is reserved`);
  if (value.includes('\0')) throw invalidField('environment', `${name} contains a NUL`);
}

/** Returns the variables of the user's runtime folder and bus (pam_systemd(8)), while these exist. */
function runtimeVariables(uid: number): Record<string, string> {
  const folder = `/run/user/${uid}`;
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true || stats.uid !== uid) return {};
  const bus = `${folder}/bus`;
  return {
    XDG_RUNTIME_DIR: folder,
    ...(existsSync(bus) && { DBUS_SESSION_BUS_ADDRESS: `unix:path=${bus}` }),
  };
}
