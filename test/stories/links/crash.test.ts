/**
 * The server is killed at random moments, and its disk fails in several ways: nothing acknowledged is lost.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Figures } from '../../crash/figures.ts';
import { type TroubleName, whyNotTrouble } from '../../crash/troubles/troubles.ts';
import { missing, skippedFor } from '../../support/needs.ts';
import { SEED } from '../../support/run/seed.ts';

/** A hundred kills in total. `npm run crash-loop` runs any number of them. */
const KILLS: Readonly<Record<TroubleName, number>> = { none: 49, power: 17, disk: 17, fsync: 17 };
const PATIENCE_MS = 900_000;

const TITLES: Readonly<Record<TroubleName, string>> = {
  none: 'when killed again and again: no token, revocation, line of output, session, link or process is lost (X4, F3)',
  power: 'when everything that was not synced is lost',
  disk: 'while its disk fills up and empties, and recovers by itself',
  fsync: 'while fsync fails, and acknowledges nothing then',
};

const command = join(import.meta.dirname, '../../crash/crash-loop.ts');

/**
 * Runs the crash loop in a world of its own, so that processes of other stories are not taken for lost ones.
 */
async function runCrashLoop(kills: number, trouble: TroubleName): Promise<Figures> {
  const { TEST_WORLD: _, ...env } = process.env;
  const options = ['--rounds', `${kills}`, '--trouble', trouble, '--seed', `${SEED}`, '--json'];
  const argv = ['--disable-warning=ExperimentalWarning', command, ...options];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { env, timeout: PATIENCE_MS });
  return JSON.parse(stdout) as Figures;
}

describe('the server keeps what it has acknowledged', () => {
  for (const trouble of ['none', 'power', 'disk', 'fsync'] as const) {
    const without = skippedFor(missing('world') ?? whyNotTrouble(trouble));
    test(TITLES[trouble], { ...without, timeout: PATIENCE_MS }, async () => {
      const kills = KILLS[trouble];
      const figures = await runCrashLoop(kills, trouble);
      expect(figures.kills).toBeGreaterThanOrEqual(kills);
      for (const key of ['issued', 'logins', 'revoked', 'programs', 'lines'] as const)
        expect(figures[key], key).toBeGreaterThan(0);
      if (trouble === 'disk' || trouble === 'fsync') {
        expect(figures.unstored).toBeGreaterThan(0);
        expect(figures.recoveries).toBeGreaterThan(0);
      }
    });
  }
});
