/** Time after a kill -9 until every link and session is restored. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../../src/client/connect/connect.ts';
import { LinkState } from '../../../src/generated/latchkey/v1/link.ts';
import { SessionState } from '../../../src/generated/latchkey/v1/session.ts';
import { bytesOf } from '../../../src/values/raw-text.ts';
import { alice, bob, dora, mallory } from '../../support/account.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { clientOf, linkOf, startDaemon } from '../served.ts';

const LINKS_OF_EACH = 5;
const SESSIONS_OF_LINK = 5;
const KILLS = 5;
const LOOK_MS = 5;

export async function measure(): Promise<Line[]> {
  await using daemon = await startDaemon();
  for (const account of [alice, bob, dora, mallory]) {
    for (let link = 0; link < LINKS_OF_EACH; link += 1) {
      const { token } = await linkOf(daemon, account);
      await using client = await clientOf(daemon, token);
      for (let session = 0; session < SESSIONS_OF_LINK; session += 1)
        await client.sessions.startSession({ command: ['sleep', '3600'].map(bytesOf) });
    }
  }
  const links = 4 * LINKS_OF_EACH;
  const wanted = { links, sessions: links * SESSIONS_OF_LINK };
  const taken: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await daemon.end('SIGKILL');
    const begunMs = performance.now();
    await daemon.serve();
    await using admin = await clientOf(daemon);
    await allBack(admin, wanted);
    taken.push((performance.now() - begunMs) / 1000);
  }
  const seconds = median(taken);
  const half = taken.filter((_, at) => at % 2 === 0);
  const rest = taken.filter((_, at) => at % 2 === 1);
  return [
    {
      what: `ready after kill -9 with ${wanted.links} links and ${wanted.sessions} sessions, s`,
      ours: `${seconds.toFixed(2)} s`,
      other: '-',
      ratio: seconds,
      goal: 2,
      wanted: 'at most',
      spread: spreadOf(median(half), median(rest)),
    },
  ];
}

async function allBack(admin: Client, wanted: { links: number; sessions: number }): Promise<void> {
  for (;;) {
    const { links } = await admin.links.listLinks({ pageSize: 1000 });
    const filter = { state: SessionState.RUNNING };
    const { totalSize: total } = await admin.sessions.listSessions({ filter, pageSize: 1 });
    const ready = links.filter(({ state }) => state === LinkState.READY).length;
    if (ready > wanted.links || total !== wanted.sessions)
      throw new Error(`${ready} links and ${total} sessions are there, wanted ${JSON.stringify(wanted)}`);
    if (ready === wanted.links) return;
    await delay(LOOK_MS);
  }
}
