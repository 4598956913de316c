import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';
import { weakness } from './secret-strength.ts';

test('a secret is shown only by reveal()', () => {
  const secret = new Secret('hunter2');
  const shown = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ deep: [secret] }),
    String(secret),
    `${Object.values(secret)}`,
  ];
  expect(shown.join()).not.toContain('hunter2');
  expect(JSON.stringify(secret)).toBe('"[secret]"');
  expect(secret.reveal()).toBe('hunter2');
});

test.each([
  ['', 'has only 0 characters'],
  ['changeme', 'has only 8 characters'],
  ['k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1a', 'has only 31 characters'],
  ['a'.repeat(64), 'uses too few different characters'],
  ['change-me-change-me-change-me-change-me', 'looks like a placeholder'],
  ['please-replace-me-by-a-long-random-text', 'looks like a placeholder'],
  ['put-your-signing-key-here-before-you-start', 'looks like a placeholder'],
  ['secretsecretsecretsecretsecretsecret', 'is padded with words that are easily guessed'],
  ['my-super-secret-password-for-the-daemon', 'is padded with words that are easily guessed'],
  ['k3Jx0q9sZmVtk3Jx0q9sZmVtk3Jx0q9sZmVt', 'repeats itself'],
  ['k3Jx0q9sZmVtP2wLk3Jx0q9sZmVtP2wLk3J', 'repeats itself'],
  ['0123456789abcdefghijklmnopqrstuvwxyz', 'is mostly a run of neighbouring characters'],
])('%j is refused as a secret: it %s (A6)', (text, why) => {
  expect(weakness(text)).toBe(why);
});

test('random secrets pass, in hexadecimal and in base64', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = createHash('sha256').update(String(seed)).digest();
      expect(weakness(random.subarray(0, 16).toString('hex'))).toBeUndefined();
      expect(weakness(random.subarray(0, 24).toString('base64'))).toBeUndefined();
    }),
    { seed: 7, numRuns: 300 }, // of ten thousand random secrets, one may well look weak
  );
});
