/** The daemon is killed at random moments, its disk fails it in every way: what it has acknowledged stays so. */
import { describe, expect, test } from 'vitest';
import { runCrashLoop } from '../crash/loop.ts';
import { type TroubleName, whyNotTrouble } from '../crash/troubles.ts';
import { missingWorld, skipWithout } from '../support/skip.ts';

/** A hundred kills in all. `npm run crash-loop` does as many as one likes, with other seeds. */
const KILLS: Readonly<Record<TroubleName, number>> = { none: 49, power: 17, disk: 17, fsync: 17 };
const PATIENCE_MS = 900_000;

const TITLES: Readonly<Record<TroubleName, string>> = {
  none: 'killed again and again, it loses no token, revocation, line, session or link, and no process (X4, F3)',
  power: 'nor does it when what was not synced is gone',
  disk: 'nor while its disk fills up and empties, and it recovers by itself',
  fsync: 'nor while fsync fails, and it acknowledges nothing then',
};

describe('the daemon keeps what it has acknowledged', () => {
  for (const trouble of ['none', 'power', 'disk', 'fsync'] as const) {
    test(TITLES[trouble], { timeout: PATIENCE_MS }, async (context) => {
      skipWithout(context, missingWorld() ?? whyNotTrouble(trouble));
      const kills = KILLS[trouble];
      const figures = await runCrashLoop({ rounds: kills, trouble, seed: kills });
      expect(figures.kills).toBe(kills);
      for (const key of ['issued', 'logins', 'revoked', 'programs', 'lines'] as const)
        expect(figures[key], key).toBeGreaterThan(0);
      if (trouble === 'disk' || trouble === 'fsync') {
        expect(figures.unstored).toBeGreaterThan(0);
        expect(figures.recoveries).toBeGreaterThan(0);
      }
    });
  }
});
