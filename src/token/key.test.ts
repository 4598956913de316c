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

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no list', { keys: 'x' }],
    ['no key', { keys: [] }],
    ['a private key', { keys: [{ ...jwk, d: key.privateKey.export({ format: 'jwk' }).d }] }],
    ['another key id', { keys: [{ ...jwk, kid: 'other' }] }],
    ['another algorithm', { keys: [{ ...jwk, alg: 'HS256' }] }],
    ['a symmetric key', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'x' }] }],
    ['a point off the curve', { keys: [{ ...jwk, x: jwk.y }] }],
    ['one bad key among good ones', { keys: [jwk, { ...jwk, kid: 'other' }] }],
  ])('with %s is not trusted', (_, jwks) => {
    expect(() => keySetFromJwks(jwks)).toThrow(expect.toSatisfy((error) => isAppError(error, 'NOT_TRUSTED')));
  });
});
