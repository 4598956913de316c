/** Memory of a link that has worked and is idle again, one of fifty. */
import { setTimeout as delay } from 'node:timers/promises';
import { alice, bob, dora, mallory } from '../../support/account.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { mebibytesOf } from '../memory.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { clientOf, type Linked, linkOf, runCommand, startDaemon } from '../served.ts';

const LINKS = 50;
const WORK = ['sh', '-c', 'seq 1 300000'];
const TIMES = 3;
/** A link releases memory one second after its last activity. */
const QUIET_MS = 4_000;

export async function measure(): Promise<Line[]> {
  await using daemon = await startDaemon();
  const people = [alice, bob, dora, mallory];
  const links: Linked[] = [];
  for (let link = 0; link < LINKS; link += 1)
    links.push(await linkOf(daemon, people[link % people.length] ?? alice));
  const first = await worked(daemon, links);
  const second = await worked(daemon, links);
  return [
    {
      what: `an idle link after work, among ${LINKS} (Pss)`,
      ours: `${second.toFixed(1)} MiB`,
      other: '-',
      ratio: second,
      goal: 12,
      wanted: 'at most',
      spread: spreadOf(first, second),
    },
  ];
}

/** Returns the MiB of one link, after each of them has worked. */
async function worked(daemon: TestDaemon, links: readonly Linked[]): Promise<number> {
  for (const { token } of links) {
    await using client = await clientOf(daemon, token);
    for (let time = 0; time < TIMES; time += 1) await runCommand(client, WORK);
  }
  await delay(QUIET_MS);
  return median(links.map(({ run }) => mebibytesOf(run.child.pid ?? 0)));
}
