import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { needs } from '../../test/support/needs.ts';
import { shellWords } from './shell-words.ts';

/** The words that `shell` makes of `text`. */
function readBy(shell: string, text: string): string[] {
  const said = execFileSync(shell, ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
  return said.split('\0').slice(0, -1);
}

it('quotes only what needs it', () => {
  expect(shellWords(['sh', '-c', "echo 'hi' $x", '', 'A=b'])).toBe(
    String.raw`sh -c 'echo '\''hi'\'' $x' '' A=b`,
  );
});

it.each(['/bin/sh', '/usr/bin/bash'])('gives back the same words through %s', (shell) => {
  const word = fc.string({ unit: fc.constantFrom(...'a \'"$\\\n*;|&`!~#é日-=%') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      expect(readBy(shell, shellWords(words))).toEqual(words);
    }),
    { numRuns: 30 },
  );
});

it.for(['zsh', 'fish'] as const)('gives back the same words through %s', needs('zsh', 'fish'), (shell) => {
  const words = [
    ...'a \'"$\n*;|&`~#é日-=%',
    '',
    "it's",
    '$(id)',
    '=ls',
    '%self',
    '~root',
    'a=~',
    '{a,b}',
    '-n',
  ];
  expect(readBy(`/usr/bin/${shell}`, shellWords(words))).toEqual(words);
});
