/**
 * Starts a link daemon with sudo (F19): exactly the command that build/package/sudoers allows, with an
 * environment of its own, no argument passed through a shell, and never uid 0, whatever its name. sudo
 * checks neither shell nor lock nor expiry of an account. The caller has checked them, and the link
 * checks its own account again.
 */
import { accessSync, constants } from 'node:fs';
import type { UserEntry } from '../../accounts/user-database.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import { runSudo } from './run-sudo.ts';
import { REFUSAL, type Starter, SUDO_REASON } from './starter.ts';
import { type SudoReason, sudoRefusal } from './sudo-refusal.ts';

export const SUDO = '/usr/bin/sudo';
/** The commands that sudo runs; sudoers has exactly these words. */
export const LINK_COMMAND = ['/usr/bin/latchkey', 'link', '--daemon'] as const;
/** Ends sessions of a user, and starts nothing: see cleanup-link.ts. */
export const END_COMMAND = ['/usr/bin/latchkey', 'link', '--end-sessions'] as const;
const [PROGRAM] = LINK_COMMAND;
/** Run folder that such a link finds by itself, since the command has no argument for it. */
export const SUDO_RUN_FOLDER = '/run/latchkey';
/**
 * Runs the command after it with the umask and the soft limits that sshd starts a login with, before PAM: not
 * with the server's own, which keep its keys to itself and raise its limit of open files.
 */
const AS_SSHD_STARTS = [
  '/bin/sh',
  '-c',
  'umask 0022; ulimit -S -n 1024; ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@"',
];
/**
 * Runs the command after its first argument, which is a cgroup.procs file, in that cgroup, with
 * everything that it starts.
 */
export const JOIN_CGROUP = ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"'];
/** Names that are passed to sudo, which would take `#7001` for a uid and `%wheel` for a group. */
export const NAME = /^[a-z_][a-z0-9_.@-]*$/;

export class SudoStarter implements Starter {
  readonly #cgroups: CgroupTree | undefined;

  /** With `cgroups`, each link and the sudo that runs it get a cgroup of their own. */
  constructor(cgroups: CgroupTree | undefined) {
    this.#cgroups = cgroups;
  }

  async start({ name, uid }: UserEntry): Promise<void> {
    const command = [...AS_SSHD_STARTS, ...sudoCommand({ name, uid }, LINK_COMMAND)];
    try {
      if (this.#cgroups === undefined) await runSudo(command);
      else
        await this.#cgroups.withNewLink(uid, ({ joinFile }) =>
          runSudo([...JOIN_CGROUP, joinFile, ...command]),
        );
    } catch (error) {
      throw await explained(error, name);
    }
  }
}

/** Returns the error of a start by sudo with the reason, where it can be found out. */
async function explained(error: unknown, name: string): Promise<unknown> {
  if (!isAppError(error, 'UNAVAILABLE') || error.details[REFUSAL] !== undefined) return error;
  const refusal = await sudoRefusal(error.message, name, LINK_COMMAND, SUDO).catch(() => undefined);
  return refusal === undefined
    ? error
    : unavailable(`${error.message} (${refusal.text})`, refusal.reason, error);
}

/** Returns the command line by which sudo runs `command` as a user. Throws NOT_ELIGIBLE, UNAVAILABLE. */
export function sudoCommand(
  { name, uid }: Pick<UserEntry, 'name' | 'uid'>,
  command: readonly string[],
): string[] {
  if (uid === 0) throw new AppError('NOT_ELIGIBLE', 'sudo must not start a link for uid 0');
  if (!NAME.test(name))
    throw unavailable(`the user name ${JSON.stringify(name)} cannot be passed to sudo`, 'name');
  checkProgram(SUDO, 'sudo-missing');
  checkProgram(PROGRAM, 'program-missing');
  return [SUDO, '-n', '-u', name, ...command];
}

function checkProgram(program: string, reason: Reason): void {
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw unavailable(`${program} is missing`, reason, cause);
  }
}

type Reason = SudoReason | 'sudo-missing' | 'name';

function unavailable(why: string, reason: Reason, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', why, { details: { [SUDO_REASON]: reason }, cause });
}
