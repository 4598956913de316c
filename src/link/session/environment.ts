/**
 * The environment of a session: built from the user database and the host's settings, as a login does,
 * plus the requested variables. Nothing is inherited from the process that started the link.
 */
import { readFileSync, statSync } from 'node:fs';
import { invalidField } from '../../errors.ts';
import type { Account } from '../account/account.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';
const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Settings of systemd, then of Debian. Later files win. */
const HOST_FILES = ['/etc/locale.conf', '/etc/default/locale', '/etc/environment'];
const HOST_NAME = /^(LANG|LANGUAGE|LC_[A-Z]+|TZ)$/;
/** Names that a shell passes on (POSIX 3.216); others would get lost in the keeper. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Tells a program its session, and marks its processes. */
export const SESSION_ID_NAME = 'LATCHKEY_SESSION_ID';

/** Throws INVALID_ARGUMENT for a name that cannot be passed on or is reserved. */
export function sessionEnvironment(
  account: Account,
  requested: Readonly<Record<string, string>>,
  sessionId: string,
): Record<string, string> {
  for (const [name, value] of Object.entries(requested)) checkVariable(name, value);
  const runtime = `/run/user/${account.uid}`;
  return {
    PATH: account.uid === 0 ? ROOT_PATH : PATH,
    ...hostSettings(),
    ...(isFolderOf(runtime, account.uid) ? { XDG_RUNTIME_DIR: runtime } : {}),
    HOME: account.home,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell,
    ...requested,
    [SESSION_ID_NAME]: sessionId,
  };
}

function checkVariable(name: string, value: string): void {
  if (!NAME.test(name)) throw invalidField('environment', 'a name may only have letters, digits and _');
  if (name.startsWith('LATCHKEY_')) throw invalidField('environment', `${name} is reserved`);
  if (value.includes('\0')) throw invalidField('environment', `${name} contains a NUL`);
}

let knownSettings: Record<string, string> | undefined;

/** Read once, at the first session. */
function hostSettings(): Record<string, string> {
  if (knownSettings !== undefined) return knownSettings;
  const settings: Record<string, string> = {};
  for (const line of HOST_FILES.flatMap(lines)) {
    const [, name, quoted, bare] = /^(?:export\s+)?(\w+)=(?:["'](.*)["']|(.*?))\s*$/.exec(line) ?? [];
    if (name !== undefined && HOST_NAME.test(name)) settings[name] = quoted ?? bare ?? '';
  }
  knownSettings = settings;
  return settings;
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function isFolderOf(path: string, uid: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === uid;
}
