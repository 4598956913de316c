import { expect, test } from 'vitest';
import { expiryFor } from './lifetimes.ts';

const SETTINGS = { lifetimeSeconds: 60, lifetimes: { key: 30 } };
const NOW = 1_790_000_000;

test.each([
  ['the lifetime of its method', {}, NOW + 30],
  ['the expiry of its parent', { parentSeconds: NOW + 1 }, NOW + 1],
  ['the requested expiry', { wantedSeconds: NOW + 1 }, NOW + 1],
])('a token expires at the latest at %s', (_, bounds, expected) => {
  expect(expiryFor(SETTINGS, 'key', NOW, bounds)).toBe(expected);
});

test.each([
  ['its parent expires', { parentSeconds: NOW }, 'TOKEN_NOT_ACTIVE'],
  ['it would expire', { wantedSeconds: NOW }, 'INVALID_ARGUMENT'],
])('no token is issued in the second in which %s', (_, bounds, reason) => {
  expect(() => expiryFor(SETTINGS, 'key', NOW, bounds)).toThrow(expect.objectContaining({ reason }));
});
