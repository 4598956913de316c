/**
 * Settings that a login gets from its host now: the groups, home directory and shell of its account, and what
 * PAM's session modules set from their files. Kept as short digests, which tell whether any of it has changed
 * since a link was started (X10).
 */
import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileState } from '../system/file-state.ts';
import { gidsOf, type UserEntry } from './user-database.ts';

/** Digests by what they are of. */
export type Digests = Readonly<Record<string, string>>;

export interface LoginSettings {
  /** Settings of the account. */
  readonly account: Digests;
  /** States of the host's files, by path. */
  readonly files: Digests;
}

/** Files that PAM's modules, sshd and login(1) read for a session. */
const FILES = [
  '/etc/default/locale',
  '/etc/environment',
  '/etc/locale.conf',
  '/etc/login.defs',
  '/etc/pam.conf',
  '/etc/security/capability.conf',
  '/etc/security/group.conf',
  '/etc/security/limits.conf',
  '/etc/security/namespace.conf',
  '/etc/security/namespace.init',
  '/etc/security/pam_env.conf',
];
/** Folders with such files. */
const FOLDERS = ['/etc/pam.d', '/etc/security/limits.d', '/etc/security/namespace.d'];
/** Words of the GECOS field that pam_umask(8) applies. */
const PAM_UMASK = /^(pri|ulimit|umask)=/;
const DIGEST_LENGTH = 12;

/** Returns what a login of `user` gets now. Throws UNAVAILABLE. */
export async function loginSettingsOf(user: UserEntry): Promise<LoginSettings> {
  return { account: settingsOfAccount(user, await gidsOf(user)), files: statesOfFiles() };
}

/** Returns the settings of an account whose group ids are `gids`, in any order. */
export function settingsOfAccount(user: UserEntry, gids: readonly number[]): Digests {
  const { gid, gecos, home, shell } = user;
  const sorted = [...new Set([gid, ...gids])].sort((one, other) => one - other);
  return {
    groups: digest(`${gid}: ${sorted}`),
    'home directory': digest(home),
    'login shell': digest(shell),
    'GECOS field': digest(`${gecos.split(',').filter((word) => PAM_UMASK.test(word))}`),
  };
}

/** Returns the states of files, and of folders with their files, by path. */
export function statesOfFiles(files = FILES, folders = FOLDERS): Digests {
  const states = [
    ...files.map((path) => [path, digest(fileState(path))]),
    ...folders.map((path) => [path, digest([path, ...filesIn(path)].map(fileState).join('\n'))]),
  ];
  return Object.fromEntries(states) as Digests;
}

/** Returns the names of the digests that differ. */
export function differences(before: Digests, now: Digests): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]);
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .map((name) => `${folder}/${name}`)
      .sort();
  } catch {
    return [];
  }
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, DIGEST_LENGTH);
}
