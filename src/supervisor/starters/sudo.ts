/**
 * A link daemon by sudo (F19): the one command that build/package/sudoers allows, word for word. An
 * environment of its own, no word of it through a shell, and never uid 0, by whatever name. sudo asks for neither shell nor lock nor expiry of
 * an account; whoever calls this has, and the link checks its own once more.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { UserEntry } from '../../accounts/user-database.ts';
import { AppError } from '../../errors.ts';
import type { CgroupTree } from '../cgroups/cgroup-tree.ts';
import { safeText } from '../connection/link-error.ts';
import type { Starter } from './starter.ts';

export const SUDO = '/usr/bin/sudo';
/** What sudo runs, word for word. */
export const LINK_COMMAND = ['/usr/bin/latchkey', 'link', '--daemon'] as const;
const [PROGRAM] = LINK_COMMAND;
/** What such a link finds by itself: the line has no room for an argument. */
export const SUDO_RUN_FOLDER = '/run/latchkey';
/** Longer than `link --daemon` takes to give up. */
const PATIENCE_MS = 12_000;
const MAX_SAID = 2_000;
/** Puts itself into the cgroup whose file comes next and becomes the command behind that: all that it starts is in it. */
const THROUGH_DOOR = ['/bin/sh', '-c', 'echo $$ >"$0" && exec "$@"'];
/** sudo takes `#7001` for a uid, and `%wheel` for a group. */
export const NAME = /^[a-z_][a-z0-9_.@-]*$/;

export class SudoStarter implements Starter {
  readonly #cgroups: CgroupTree | undefined;

  /** With `cgroups` each link gets one of its own, and so does the sudo that runs it. */
  constructor(cgroups: CgroupTree | undefined) {
    this.#cgroups = cgroups;
  }

  async start({ name, uid }: UserEntry): Promise<void> {
    if (uid === 0) throw new AppError('NOT_ELIGIBLE', 'no link of uid 0 is started by sudo');
    if (!NAME.test(name)) throw unavailable(`sudo is not given a name such as ${JSON.stringify(name)}`);
    for (const program of [SUDO, PROGRAM]) checkThere(program);
    const command = [SUDO, '-n', '-u', name, ...LINK_COMMAND];
    if (this.#cgroups === undefined) await run(command);
    else await this.#cgroups.withNewLink(uid, ({ door }) => run([...THROUGH_DOOR, door, ...command]));
  }
}

function checkThere(program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${program} is not there`, { cause });
  }
}

/** Throws UNAVAILABLE unless it ends well, in time. */
async function run([program = '', ...argv]: readonly string[]): Promise<void> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const sudo = spawn(program, argv, { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  sudo.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, MAX_SAID);
  });
  const given = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: given.signal, ref: false });
  try {
    const ended = await Promise.race([once(sudo, 'close'), late]);
    // It runs as root by now, and is not ours to end: it ends with the link, which gives up before this.
    if (ended === undefined) throw unavailable(`sudo has not ended: ${safeText(said)}`);
    const [status] = ended as [number | null];
    if (status !== 0) throw unavailable(`sudo ended with ${status ?? 'a signal'}: ${safeText(said.trim())}`);
  } finally {
    given.abort();
    late.catch(() => {});
    sudo.stderr.destroy();
  }
}

function unavailable(why: string): AppError {
  return new AppError('UNAVAILABLE', why);
}
