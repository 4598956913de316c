import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from './seed.ts';

test("random choices of fast-check follow the run's seed", () => {
  expect(fc.readConfigureGlobal().seed).toBe(SEED);
});
