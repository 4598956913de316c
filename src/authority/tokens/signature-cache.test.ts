import { expect, test } from 'vitest';
import { SignatureCache } from './signature-cache.ts';

const claims = { sub: 'a', iss: 'n', jti: 'j', iat: 1, exp: 2, authMethod: 'link' };

test('a bounded cache forgets what is not asked for, and keeps what is', () => {
  const cache = new SignatureCache(10);
  cache.set('asked for', claims);
  cache.set('not asked for', claims);
  for (let index = 0; index < 100; index++) {
    cache.set(`other ${index}`, claims);
    expect(cache.get('asked for')).toBe(claims);
    expect(cache.size).toBeLessThanOrEqual(20);
  }
  expect(cache.get('not asked for')).toBeUndefined();
  expect(cache.get('never')).toBeUndefined();
});
