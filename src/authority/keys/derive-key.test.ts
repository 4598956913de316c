import { createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signingKey } from '../../token/key.ts';
import { deriveKey } from './derive-key.ts';

describe('a key pair from a secret (A6)', () => {
  test.each(['ES256', 'EdDSA'] as const)(
    'signs as %s, and is the same only for the same secret',
    (algorithm) => {
      fc.assert(
        fc.property(fc.string({ minLength: 32 }), fc.string({ minLength: 32 }), (secret, other) => {
          const key = deriveKey(secret, algorithm);
          const hash = algorithm === 'ES256' ? 'sha256' : null;
          const data = Buffer.from('x');
          expect(verify(hash, data, createPublicKey(key), sign(hash, data, key))).toBe(true);
          const made = signingKey(key);
          expect(made.algorithm).toBe(algorithm);
          expect(signingKey(deriveKey(secret, algorithm)).kid).toBe(made.kid);
          expect(signingKey(deriveKey(other, algorithm)).kid === made.kid).toBe(secret === other);
        }),
        { numRuns: 50 },
      );
    },
  );

  test('equals in every release the one computed independently by RFC 5869 and FIPS 186-5 A.2.1', () => {
    const secret = 'k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ';
    expect(signingKey(deriveKey(secret, 'ES256')).kid).toBe('UoDZyzF80HrBzcusPEH360-3lCfT-kvtKe_5waA_cI8');
    expect(signingKey(deriveKey(secret, 'EdDSA')).kid).toBe('r29Ll1tdlmCsPR0W3zg-4vn74fpZXR6irCv-lf48AkU');
  });
});
