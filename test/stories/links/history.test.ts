/** Concurrent clients see a consistent history of tokens that are issued and revoked. */
import { expect, test } from 'vitest';
import { checkHistories } from '../../crash/history/histories.ts';
import { needs } from '../../support/needs.ts';
import { SEED } from '../../support/run/seed.ts';

const PATIENCE_MS = 900_000;

test('a token is absent, then valid, then ended and never valid again, whoever asks (F3, F32)', {
  ...needs('world'),
  timeout: PATIENCE_MS,
}, async () => {
  const figures = await checkHistories({ operations: 40_000, seed: SEED });
  expect(figures.issued).toBeGreaterThan(60);
  expect(figures.revoked).toBeGreaterThan(5);
  expect(figures.expired).toBeGreaterThan(5); // eventually all that were not revoked
  expect(figures.readings).toBeGreaterThan(30_000);
});
