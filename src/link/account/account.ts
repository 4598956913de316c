/**
 * Whose link this is, and whether that account may have one. The daemon checks again; this check
 * is for whatever starts a link without a login, such as sudo, which asks for neither shell nor
 * expiry (DESIGN 7.8).
 */
import { userInfo } from 'node:os';
import { AppError } from '../../errors.ts';
import { isLoginShell, NOBODY_UID } from '../../system/login-shell.ts';

/** The user database's entry. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** The account that this process runs as. Throws NOT_ELIGIBLE when it has no entry. */
export function ownAccount(): Account {
  const uid = process.geteuid?.() ?? NOBODY_UID;
  if (uid !== process.getuid?.()) throw notEligible('a link runs with one user id only');
  try {
    const { username, homedir, shell } = userInfo(); // getpwuid(3), not the environment
    return { name: username, uid, home: homedir, shell: shell ?? '' };
  } catch (cause) {
    throw new AppError('NOT_ELIGIBLE', `uid ${uid} has no entry in the user database`, { cause });
  }
}

/** Throws NOT_ELIGIBLE unless the account has a login shell. `shells` are the host's valid ones. */
export function checkAccount({ name, uid, shell }: Account, shells?: readonly string[]): void {
  if (uid === NOBODY_UID) throw notEligible(`${name} is nobody’s account`);
  if (!isLoginShell(shell, shells))
    throw notEligible(`${name} has no login shell: "${shell}" does not count (see /etc/shells)`);
}

/**
 * Throws NOT_ELIGIBLE for a link of uid 0 that the daemon of `daemonUid` has started by sudo(8), which says who
 * called it: whatever root's other names and the sudoers file allow, that daemon shall not become root.
 */
export function checkNotRaised({ uid }: Account, daemonUid: number, environment: NodeJS.ProcessEnv): void {
  if (uid === 0 && environment.SUDO_UID === `${daemonUid}`) throw notEligible('sudo starts no link of uid 0');
}

function notEligible(message: string): AppError {
  return new AppError('NOT_ELIGIBLE', message);
}
