import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { type Algorithm, jwkOf, jwksOf, keySetFromJwks, signingKey } from './key.ts';

const make = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
};
const algorithms: Algorithm[] = ['ES256', 'EdDSA'];

describe('a signing key', () => {
  test.each(algorithms)(
    '%s is known by its RFC 7638 thumbprint and published without its secret',
    async (alg) => {
      const key = signingKey(make[alg]());
      const jwk = jwkOf(key);
      expect(key.algorithm).toBe(alg);
      expect(key.kid).toBe(await calculateJwkThumbprint({ ...jwk }));
      expect(jwk).not.toHaveProperty('d');
      expect(
        keySetFromJwks(jwksOf([key]))
          .get(key.kid)
          ?.key.equals(key.key),
      ).toBe(true);
    },
  );

  test('of any other kind is refused', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    for (const key of [rsa.privateKey, p384.privateKey, p384.publicKey]) {
      expect(() => signingKey(key)).toThrow(expect.toSatisfy((error) => isAppError(error, 'CONFIG_INVALID')));
    }
  });
});

describe('a published key set', () => {
  const key = signingKey(make.ES256());
  const jwk = jwkOf(key);

  test('has at most 100 keys', () => {
    const keys = Array.from({ length: 101 }, () => jwkOf(signingKey(make.EdDSA())));
    expect(keySetFromJwks({ keys: keys.slice(1) }).size).toBe(100);
    expect(() => keySetFromJwks({ keys })).toThrow(
      expect.toSatisfy((error) => isAppError(error, 'NOT_TRUSTED')),
    );
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /no list of keys/],
    ['null', null, /no list of keys/],
    ['no list', { keys: 'x' }, /no list of keys/],
    ['no key', { keys: [] }, /no list of keys/],
    ['a list of keys for a key', { keys: [[jwk]] }, /a key is not an object/],
    ['null for a key', { keys: [null] }, /a key is not an object/],
    ['a private key', { keys: [{ ...jwk, d: key.privateKey.export({ format: 'jwk' }).d }] }, /private key/],
    ...['kty', 'crv', 'x'].map((name): [string, unknown, RegExp] => [
      `a key without ${name}`,
      { keys: [{ ...jwk, [name]: undefined }] },
      /a key has no kty, crv or x/,
    ]),
    ['a key without its second coordinate', { keys: [{ ...jwk, y: undefined }] }, /unsupported kind/],
    ['a symmetric key', { keys: [{ kty: 'oct', crv: '', x: '', k: 'AAAA', kid: 'x' }] }, /unsupported kind/],
    ['a point off the curve', { keys: [{ ...jwk, x: jwk.y }] }, /unsupported kind/],
    ['another key id', { keys: [{ ...jwk, kid: 'other' }] }, /a key id does not match/],
    ['another algorithm', { keys: [{ ...jwk, alg: 'HS256' }] }, /an algorithm does not match/],
    ['one bad key among good ones', { keys: [jwk, { ...jwk, kid: 'other' }] }, /a key id does not match/],
  ])('with %s is not trusted', (_, jwks, why) => {
    expect(() => keySetFromJwks(jwks)).toThrow(
      expect.objectContaining({ reason: 'NOT_TRUSTED', message: expect.stringMatching(why) }),
    );
  });
});
