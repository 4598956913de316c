import { generateKeyPairSync } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { signJws, verifyJws } from './jws.ts';
import { keySetOf, signingKey } from './key.ts';

const MOST = 8192;
const HUGE = 8_000_000;
const ROUNDS = 1000;
const HEADERS = 5_000;
const HEADER_BYTES = 4_000;

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

const [headerPart = '', claimsPart = '', signaturePart = ''] = withPad(0).split('.');

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

test('headers of tokens that nobody has signed take no memory', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const inUse = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = inUse();
  for (let count = 0; count < HEADERS; count += 1) {
    const header = { alg: 'ES256', typ: 'JWT', kid: `${count}${'x'.repeat(HEADER_BYTES)}` };
    const text = Buffer.from(JSON.stringify(header)).toString('base64url');
    expect(refusalOf(`${text}.${claimsPart}.${signaturePart}`)).toMatch(/unknown key/);
  }
  expect(inUse() - before).toBeLessThan((HEADERS * HEADER_BYTES) / 4);
});

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

test.each([
  ['no part', '', /three parts/],
  ['two parts', 'e30.e30', /three parts/],
  ['an empty signature', 'e30.e30.', /three parts/],
  ['four parts', 'e30.e30.e30.e30', /three parts/],
  ['an empty header', `.${claimsPart}.${signaturePart}`, /header is not a plain JSON object/],
  ['empty claims', `${headerPart}..${signaturePart}`, /claims are not a plain JSON object/],
  ['bits after the last byte', `${headerPart}.${claimsPart}.${signaturePart.slice(0, -1)}B`, /not canonical/],
  ['a signature of another length', `${headerPart}.${claimsPart}.AAAA`, /wrong length/],
])('a token with %s is refused for that', (_, text, why) => {
  expect(refusalOf(text)).toMatch(why);
});
