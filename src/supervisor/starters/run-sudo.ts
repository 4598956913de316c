/** Runs sudo until it has started a link, with an environment of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { hasStarted } from '../../system/has-started.ts';
import { startFailure } from './start-failure.ts';

/** Longer than `link --daemon` takes to give up. */
const TIMEOUT_MS = 12_000;
const MAX_STDERR_LENGTH = 2_000;

/** Throws UNAVAILABLE unless the command, which runs sudo, succeeds in time. */
export async function runSudo([program = '', ...argv]: readonly string[]): Promise<void> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const sudo = spawn(program, argv, { cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
  await hasStarted(sudo);
  let stderr = '';
  sudo.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, MAX_STDERR_LENGTH);
  });
  const done = new AbortController();
  const late = delay(TIMEOUT_MS, undefined, { signal: done.signal, ref: false });
  try {
    const ended = await Promise.race([once(sudo, 'close'), late]);
    // It runs as root now and cannot be killed from here; it ends with the link, which gives up earlier.
    const [status] = (ended ?? ['late']) as [number | null | 'late'];
    if (status !== 0) throw startFailure({ status, stderr });
  } finally {
    done.abort();
    late.catch(() => {});
    sudo.stderr.destroy();
    sudo.unref(); // one that hangs does not keep the server from exiting
  }
}
