/**
 * The account that a link runs as, and whether it may have a link. The daemon checks again; this check
 * covers links that are started without a login, for example by sudo, which looks at neither shell nor
 * expiry (DESIGN 7.8).
 */
import { userInfo } from 'node:os';
import { AppError } from '../../errors.ts';
import { isLoginShell, NOBODY_UID } from '../../system/login-shell.ts';

/** An entry of the user database. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** Returns the account of this process. Throws NOT_ELIGIBLE when it has no entry in the user database. */
export function ownAccount(): Account {
  const uid = process.geteuid?.() ?? NOBODY_UID;
  if (uid !== process.getuid?.()) throw notEligible('a link must have the same real and effective user id');
  try {
    const { username, homedir, shell } = userInfo(); // getpwuid(3), not the environment
    return { name: username, uid, home: homedir, shell: shell ?? '' };
  } catch (cause) {
    throw new AppError('NOT_ELIGIBLE', `uid ${uid} has no entry in the user database`, { cause });
  }
}

/** Throws NOT_ELIGIBLE unless the account has a login shell. `shells` are those of /etc/shells. */
export function checkAccount({ name, uid, shell }: Account, shells?: readonly string[]): void {
  if (uid === NOBODY_UID) throw notEligible(`${name} is the overflow user (nobody)`);
  if (!isLoginShell(shell, shells))
    throw notEligible(`${name} has no login shell: "${shell}" is not one (see /etc/shells)`);
}

/**
 * Throws NOT_ELIGIBLE for a link of uid 0 that the daemon of `daemonUid` has started with sudo(8), which
 * sets SUDO_UID to the caller. The daemon must not become root, whatever other names root has and
 * whatever the sudoers file allows.
 */
export function checkNotEscalated({ uid }: Account, daemonUid: number, environment: NodeJS.ProcessEnv): void {
  if (uid === 0 && environment.SUDO_UID === `${daemonUid}`)
    throw notEligible('the server may not start a link for uid 0');
}

function notEligible(message: string): AppError {
  return new AppError('NOT_ELIGIBLE', message);
}
