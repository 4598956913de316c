/** Calls of a user while others hold 2,000 slow connections, compared with the same calls without them. */
import { alice, mallory } from '../../support/account.ts';
import { SlowClients, STAGES } from '../../support/clients/slow-clients.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { clientOf, linkOf, runCommand, startDaemon } from '../served.ts';

const CONNECTIONS = 2_000;
const ROUNDS = 40;
/** The requirement: a user is answered within two seconds, whatever slow clients do. */
const SECONDS = 2;

export async function measure(): Promise<Line[]> {
  await using daemon = await startDaemon();
  const { token } = await linkOf(daemon, alice);
  await using slow = await SlowClients.of(daemon);
  await timesOf(daemon, token); // warms up
  const lines: Line[] = [];
  for (const stage of STAGES) {
    const before = await timesOf(daemon, token);
    await slow.hold({ stage, count: CONNECTIONS, uid: mallory.uid, reopens: true });
    const during = await timesOf(daemon, token);
    const { held } = await slow.counts();
    await slow.release();
    if (held < CONNECTIONS * 0.9) throw new Error(`only ${held} connections were held: ${stage}`);
    const after = await timesOf(daemon, token);
    const alone = Math.max(before.slowest, after.slowest);
    lines.push({
      what: `slowest of ${ROUNDS} whoami and start, ${CONNECTIONS} slow connections: ${stage} (s)`,
      ours: `${ms(during.slowest)} (median ${ms(during.median)})`,
      other: `${ms(alone)} (median ${ms((before.median + after.median) / 2)})`,
      ratio: during.slowest / 1_000,
      goal: SECONDS,
      wanted: 'at most',
      spread: spreadOf(before.slowest, after.slowest),
    });
  }
  return lines;
}

interface Times {
  readonly slowest: number;
  readonly median: number;
}

/** Returns the durations of calls with a connection of their own, in milliseconds. */
async function timesOf(daemon: TestDaemon, token: string): Promise<Times> {
  const taken: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begunMs = performance.now();
    await using client = await clientOf(daemon, token);
    await client.auth.whoAmI({});
    if (round % 2 === 0) await runCommand(client, ['true']);
    taken.push(performance.now() - begunMs);
  }
  return { slowest: Math.max(...taken), median: median(taken) };
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
