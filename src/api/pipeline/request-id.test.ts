import { expect, it } from 'vitest';
import { newRequestId } from './request-id.ts';

/** More than are made of one block of random bytes. */
const COUNT = 2_000;

it('gives each call an id of its own', () => {
  const ids = Array.from({ length: COUNT }, newRequestId);
  expect(new Set(ids).size).toBe(COUNT);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});
