/**
 * Whose link this is, and whether that account may have one. The daemon checks again; this check
 * is for whatever starts a link without a login, such as sudo, which asks for neither shell nor
 * expiry (DESIGN 7.8).
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { AppError } from '../errors.ts';

/** The user database's entry. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** nobody, and what an unmapped uid looks like. */
const OVERFLOW_UID = 65_534;
/** What getusershell(3) assumes without /etc/shells. */
const DEFAULT_SHELLS = '/bin/sh\n/bin/csh\n';

/** The account that this process runs as. Throws NOT_ELIGIBLE when it has no entry. */
export function ownAccount(): Account {
  const uid = process.geteuid?.() ?? OVERFLOW_UID;
  if (uid !== process.getuid?.()) throw notEligible('a link runs with one user id only');
  try {
    const { username, homedir, shell } = userInfo(); // getpwuid(3), not the environment
    return { name: username, uid, home: homedir, shell: shell ?? '' };
  } catch (cause) {
    throw new AppError('NOT_ELIGIBLE', `uid ${uid} has no entry in the user database`, { cause });
  }
}

/** Throws NOT_ELIGIBLE unless the account has a login shell. `shells`: the content of /etc/shells. */
export function checkAccount(account: Account, shells = readShells()): void {
  const { name, uid, shell } = account;
  if (uid === OVERFLOW_UID) throw notEligible(`${name} is nobody’s account`);
  const allowed = shells.split('\n').map((line) => line.replace(/#.*/, '').trim());
  if (shell === '' || !allowed.includes(shell) || /^(nologin|false)$/.test(basename(shell)))
    throw notEligible(`${name} has no login shell: "${shell}" does not count (see /etc/shells)`);
}

/**
 * Throws NOT_ELIGIBLE for a link of uid 0 that the daemon of `daemonUid` has started by sudo(8), which says who
 * called it: whatever root's other names and the sudoers file allow, that daemon shall not become root.
 */
export function checkNotRaised({ uid }: Account, daemonUid: number, environment: NodeJS.ProcessEnv): void {
  if (uid === 0 && environment.SUDO_UID === `${daemonUid}`) throw notEligible('sudo starts no link of uid 0');
}

function readShells(): string {
  try {
    return readFileSync('/etc/shells', 'utf8');
  } catch {
    return DEFAULT_SHELLS;
  }
}

function notEligible(message: string): AppError {
  return new AppError('NOT_ELIGIBLE', message);
}
