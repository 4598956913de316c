import { expect, test } from 'vitest';
import { SignatureCache } from './signature-cache.ts';

const claims = { sub: 'a', iss: 'n', jti: 'j', iat: 1, exp: 2, authMethod: 'link' as const };

test('a full cache drops unused entries and keeps used ones', () => {
  const cache = new SignatureCache(10);
  cache.set('used', claims);
  cache.set('unused', claims);
  for (let index = 0; index < 100; index++) {
    cache.set(`other ${index}`, claims);
    expect(cache.get('used')).toBe(claims);
    expect(cache.size).toBeLessThanOrEqual(20);
  }
  expect(cache.get('unused')).toBeUndefined();
  expect(cache.get('never')).toBeUndefined();
  expect(cache.size).toBeGreaterThan(10); // a full generation and the present one
});
