import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWords } from './shell-words.ts';

it('quotes only what needs it', () => {
  expect(shellWords(['sh', '-c', "echo 'hi' $x", ''])).toBe(String.raw`sh -c 'echo '\''hi'\'' $x' ''`);
});

it('gives back the same words through a real shell', () => {
  const word = fc.string({ unit: fc.constantFrom(...'a \'"$\\\n*;|&`!~#é日-=') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const script = `printf '%s\\0' ${shellWords(words)}`;
      expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(`${words.join('\0')}\0`);
    }),
    { numRuns: 30 },
  );
});
