/** What concurrent clients see of tokens that come and go. */
import { expect, test } from 'vitest';
import { checkHistories } from '../crash/histories.ts';
import { missingWorld, skipWithout } from '../support/skip.ts';

test('a token goes absent, valid, ended and never back, whoever asks (F3)', async (context) => {
  skipWithout(context, missingWorld());
  const figures = await checkHistories({ operations: 5000, seed: 1 });
  expect(figures.issued).toBeGreaterThan(20);
  expect(figures.revoked).toBeGreaterThan(5);
  expect(figures.readings).toBeGreaterThan(3000);
});
