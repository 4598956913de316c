import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { signJws } from './jws.ts';
import { keySetOf, signingKey } from './key.ts';
import { makeProof, resumeMac, verifyProof } from './proof.ts';

const key = signingKey(generateKeyPairSync('ed25519').privateKey);
const keys = keySetOf([key]);
const target = { uid: 1000, nonce: randomBytes(32), nowSeconds: 1_790_000_000 };
const proof = makeProof({ ...target, serverId: 'node1' }, key);
const member = { iss: 'node1', aud: 'latchkey-link', uid: 1000, nonce: target.nonce.toString('base64url') };
const times = { iat: target.nowSeconds, exp: target.nowSeconds + 30 };

describe('a proof', () => {
  test('is valid for its uid and nonce for 30 seconds (F23)', () => {
    expect(() => verifyProof(proof, keys, target)).not.toThrow();
    expect(() => verifyProof(proof, keys, { ...target, nowSeconds: target.nowSeconds + 29 })).not.toThrow();
  });

  test('may come from a clock that is 30 seconds ahead', () => {
    const early = makeProof({ ...target, nowSeconds: target.nowSeconds + 30, serverId: 'node1' }, key);
    expect(() => verifyProof(early, keys, target)).not.toThrow();
  });

  test('expires after 30 seconds', () => {
    const later = { ...target, nowSeconds: target.nowSeconds + 30 };
    expect(() => verifyProof(proof, keys, later)).toThrow(
      expect.toSatisfy((error) => isAppError(error, 'TOKEN_EXPIRED')),
    );
  });

  const signed = (change: object): string => signJws({ ...member, ...times, ...change }, key);

  test.each<[string, string, object, RegExp]>([
    ['another uid', proof, { uid: 0 }, /uid/],
    ['the uid as text', signed({ uid: '1000' }), {}, /uid/],
    ['another nonce', proof, { nonce: randomBytes(32) }, /nonce/],
    ['a nonce of another length', proof, { nonce: Buffer.alloc(0) }, /nonce/],
    ['a nonce that is no text', signed({ nonce: 7 }), {}, /nonce/],
    ['an API token', signed({ aud: 'api' }), {}, /aud/],
    ['no audience', signed({ aud: undefined }), {}, /aud/],
    ['a longer lifetime', signed({ exp: times.exp + 1 }), {}, /exp/],
    ['no expiry', signed({ exp: undefined }), {}, /exp/],
    ['no issue time', signed({ iat: undefined }), {}, /exp/],
    ['times as text', signed({ iat: '1', exp: '130' }), {}, /exp/],
    ['an issue time of 0', signed({ iat: 0, exp: 30 }), { nowSeconds: 1 }, /exp/],
    ['an issue time in the future', signed({ iat: times.iat + 31, exp: times.exp + 31 }), {}, /iat/],
    [
      'another key',
      makeProof({ ...target, serverId: 'x' }, signingKey(generateKeyPairSync('ed25519').privateKey)),
      {},
      /unknown key/,
    ],
  ])('is refused for %s', (_, text, change, why) => {
    expect(() => verifyProof(text, keys, { ...target, ...change })).toThrow(
      expect.objectContaining({ reason: 'TOKEN_INVALID', message: expect.stringMatching(why) }),
    );
  });
});

test('a resume MAC covers its side and every field, each preceded by its length', () => {
  const initKey = randomBytes(32);
  const transcript = {
    version: 1,
    linkNonce: randomBytes(32),
    daemonNonce: randomBytes(32),
    jti: 'j',
    uid: 7,
  };
  const field = (value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value as string);
    return Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  };
  const { linkNonce, daemonNonce } = transcript;
  const message = ['latchkey-resume-daemon-v1', '1', linkNonce, daemonNonce, 'j', '7'].map(field);
  const expected = createHmac('sha256', initKey).update(Buffer.concat(message)).digest();
  expect(resumeMac('daemon', initKey, transcript).equals(expected)).toBe(true);
  const others = [
    resumeMac('link', initKey, transcript),
    resumeMac('daemon', randomBytes(32), transcript),
    resumeMac('daemon', initKey, { ...transcript, version: 2 }),
    resumeMac('daemon', initKey, { ...transcript, jti: 'j7', uid: 0 }),
    resumeMac('daemon', initKey, { ...transcript, linkNonce: daemonNonce, daemonNonce: linkNonce }),
  ];
  for (const other of others) expect(other.equals(expected)).toBe(false);
});
