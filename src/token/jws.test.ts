import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { signJws, verifyJws } from './jws.ts';
import { keySetOf, signingKey } from './key.ts';

const MOST = 8192;
const HUGE = 8_000_000;
const ROUNDS = 1000;

const key = signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const keys = keySetOf([key]);

const withPad = (length: number): string => signJws({ pad: 'x'.repeat(length) }, key);

/** Signs a token of `length` characters; 3 bytes of its claims take 4 of them. */
function tokenOf(length: number): string {
  const least = Math.floor(((length - withPad(0).length) * 3) / 4);
  const found = [0, 1, 2].map((more) => withPad(least + more)).find((token) => token.length === length);
  if (found === undefined) throw new Error(`no token has ${length} characters`);
  return found;
}

/** Returns the message of the refusal; undefined when the token is accepted. */
function refusalOf(token: string): string | undefined {
  try {
    verifyJws(token, keys);
    return undefined;
  } catch (error) {
    if (isAppError(error, 'TOKEN_INVALID')) return error.message;
    throw error;
  }
}

describe('the length of a token', () => {
  test('is at most 8,192 characters', () => {
    expect(refusalOf(tokenOf(MOST))).toBeUndefined();
    expect(refusalOf(tokenOf(MOST + 1))).toMatch(/too long/);
  });

  test('is looked at before anything else: one of 8 MB takes no millisecond of the processor', () => {
    const huge = `${withPad(0)}${'A'.repeat(HUGE)}`;
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round += 1) refusalOf(huge);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(ROUNDS);
    expect(refusalOf(huge)).toMatch(/too long/);
  });
});
