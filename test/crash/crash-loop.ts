/**
 * The crash loop as a command:
 *   npm run crash-loop -- [--rounds N] [--trouble none|disk|fsync|power] [--seed N] [--json]
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { inWorld } from '../support/run/in-world.ts';
import type { Figures } from './figures.ts';
import { runCrashLoop } from './loop.ts';
import { TROUBLES, whyNotTrouble } from './troubles/troubles.ts';

const EVERY = 25;
const MS = 1000;

function tell(figures: Figures): void {
  const { kills, issued, revoked, unanswered, unstored, failedSyncs, recoveries } = figures;
  const { logins, programs, lines, slowestStartMs } = figures;
  const seconds = (performance.now() / MS).toFixed(0);
  process.stdout.write(
    `${kills} kills in ${seconds} s: ${issued} tokens issued (${logins} by SSH), ${revoked} revoked, ${unanswered} requests unanswered, ` +
      `${unstored} refused for the disk, ${failedSyncs} syncs failed, ${recoveries} recoveries, ${programs} programs, ${lines} lines, ` +
      `slowest start ${slowestStartMs} ms\n`,
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '100' },
      trouble: { type: 'string', default: 'none' },
      seed: { type: 'string', default: `${randomInt(2 ** 31)}` },
      json: { type: 'boolean', default: false },
    },
  });
  if (!process.env.TEST_WORLD) return inWorld();
  const trouble = TROUBLES.find((name) => name === values.trouble);
  if (trouble === undefined) throw new Error(`--trouble is one of ${TROUBLES.join(', ')}`);
  const why = whyNotTrouble(trouble);
  if (why !== undefined) throw new Error(why);
  const say = values.json ? () => {} : tell;
  if (!values.json) process.stdout.write(`seed ${values.seed}, trouble ${trouble}\n`);
  const figures = await runCrashLoop({
    rounds: Number(values.rounds),
    trouble,
    seed: Number(values.seed),
    report: (now) => now.kills % EVERY === 0 && say(now),
  });
  say(figures);
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : 'nothing acknowledged was lost\n');
  return 0;
}

process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }),
);
