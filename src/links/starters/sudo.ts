/**
 * A link daemon by sudo (F19): the one command that build/package/sudoers allows, word for word. No shell, an
 * environment of its own, and never uid 0, by whatever name. sudo asks for neither shell nor lock nor expiry of
 * an account; whoever calls this has, and the link checks its own once more.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { UserEntry } from '../../accounts/user-database.ts';
import { AppError } from '../../errors.ts';
import { safeText } from '../link-error.ts';
import type { Starter } from '../starter.ts';

const SUDO = '/usr/bin/sudo';
const PROGRAM = '/usr/bin/latchkey';
/** What such a link finds by itself: the line has no room for an argument. */
export const SUDO_RUN_FOLDER = '/run/latchkey';
/** Longer than `link --daemon` takes to give up. */
const PATIENCE_MS = 12_000;
const MAX_SAID = 2_000;
/** sudo takes `#7001` for a uid, and `%wheel` for a group. */
const NAME = /^[a-z_][a-z0-9_.@-]*$/;

export const sudoStarter: Starter = {
  async start(user: UserEntry): Promise<void> {
    if (user.uid === 0) throw new AppError('NOT_ELIGIBLE', 'no link of uid 0 is started by sudo');
    if (!NAME.test(user.name))
      throw unavailable(`sudo is not given a name such as ${JSON.stringify(user.name)}`);
    for (const program of [SUDO, PROGRAM]) checkThere(program);
    const { status, said } = await run(['-n', '-u', user.name, PROGRAM, 'link', '--daemon']);
    if (status !== 0) throw unavailable(`sudo ended with ${status ?? 'a signal'}: ${said}`);
  },
};

function checkThere(program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw new AppError('UNAVAILABLE', `${program} is not there`, { cause });
  }
}

async function run(argv: readonly string[]): Promise<{ status: number | null; said: string }> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const sudo = spawn(SUDO, argv, { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
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
    return { status: ended[0] as number | null, said: safeText(said.trim()) };
  } finally {
    given.abort();
    late.catch(() => {});
    sudo.stderr.destroy();
  }
}

function unavailable(why: string): AppError {
  return new AppError('UNAVAILABLE', why);
}
