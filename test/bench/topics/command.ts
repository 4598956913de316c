/**
 * Time of a command from request to end, through the API, the daemon and a running link, with its session
 * stored on a real disk; compared with a process that simply has the right to become that user.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { alice } from '../../support/account.ts';
import { compare } from '../report/compare.ts';
import type { Line } from '../report/line.ts';
import { clientOf, linkOf, runCommand, startDaemon } from '../served.ts';

const WARM_UP = 40;
const ROUNDS = 40;
const COMMAND = 'true';

export async function measure(folder: () => string): Promise<Line[]> {
  await using daemon = await startDaemon({}, join(folder(), 'state'));
  const { token } = await linkOf(daemon, alice);
  await using client = await clientOf(daemon, token);
  const ours = timed(() => runCommand(client, [COMMAND]));
  const withUid = timed(() => spawned(COMMAND, [], { uid: alice.uid, gid: alice.uid }));
  const withSudo = timed(() => spawned('sudo', ['-n', '-u', alice.name, COMMAND], {}));
  for (let time = 0; time < WARM_UP; time += 1) await ours();
  const line = async (what: string, other: typeof ours, goal: number): Promise<Line> => {
    const times = await compare(ROUNDS, ours, other);
    return {
      what: `${COMMAND} through a warm link against ${what}`,
      ours: `${times.ours.toFixed(1)} ms`,
      other: `${times.other.toFixed(1)} ms`,
      ratio: times.ratio,
      goal,
      wanted: 'at most',
      spread: times.spread,
    };
  };
  return [await line('spawn with uid', withUid, 0.5), await line('sudo -n -u', withSudo, 0.15)];
}

function timed(work: () => Promise<void>): () => Promise<number> {
  return async () => {
    const begunMs = performance.now();
    await work();
    return performance.now() - begunMs;
  };
}

async function spawned(file: string, argv: string[], as: { uid?: number; gid?: number }): Promise<void> {
  const child = spawn(file, argv, { ...as, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`${file} ended with ${status}`);
}
