/** The history check as a command: npm run history -- [--operations N] [--seed N]. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { inWorld } from '../../support/run/in-world.ts';
import { checkHistories, type HistoryFigures } from './histories.ts';

const MS = 1000;

function tell({ operations, issued, revoked, expired, readings }: HistoryFigures): void {
  const seconds = (performance.now() / MS).toFixed(0);
  process.stdout.write(
    `${operations} operations in ${seconds} s: ${issued} tokens issued, ${revoked} revoked, ` +
      `${expired} expired, ${readings} readings\n`,
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string', default: '100000' },
      seed: { type: 'string', default: `${randomInt(2 ** 31)}` },
    },
  });
  if (!process.env.TEST_WORLD) return inWorld();
  process.stdout.write(`seed ${values.seed}\n`);
  const operations = Number(values.operations);
  tell(await checkHistories({ operations, seed: Number(values.seed), report: tell }));
  process.stdout.write('every history went absent, valid, ended and never back\n');
  return 0;
}

process.exit(
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }),
);
