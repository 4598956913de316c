/** The daemon is killed at random moments, its disk fills up, its syncs fail: what it acknowledged stays so. */
import { describe, expect, test } from 'vitest';
import { runCrashLoop } from '../crash/loop.ts';
import { type TroubleName, whyNotTrouble } from '../crash/trouble.ts';
import { missingWorld, skipWithout } from '../support/skip.ts';

/** `npm run crash-loop` does as many as one likes, with other seeds. */
const ROUNDS: Readonly<Record<TroubleName, number>> = { none: 13, disk: 7, fsync: 5 };
const PATIENCE_MS = 180_000;

const TITLES: Readonly<Record<TroubleName, string>> = {
  none: 'killed with SIGKILL again and again, it loses no token, revocation, line, session or link',
  disk: 'nor while its disk fills up and empties',
  fsync: 'nor while fsync fails',
};

describe('the daemon keeps what it has acknowledged', () => {
  for (const trouble of ['none', 'disk', 'fsync'] as const) {
    test(TITLES[trouble], { timeout: PATIENCE_MS }, async (context) => {
      skipWithout(context, missingWorld() ?? whyNotTrouble(trouble));
      const rounds = ROUNDS[trouble];
      const figures = await runCrashLoop({ rounds, trouble, seed: rounds });
      expect(figures.kills).toBe(rounds);
      expect(figures.issued).toBeGreaterThan(rounds);
      expect(figures.lines).toBeGreaterThan(0);
    });
  }
});
