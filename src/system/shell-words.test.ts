import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { needs } from '../../test/support/needs.ts';
import { shellWords } from './shell-words.ts';

/** Returns the words that `shell` reads from `text`. */
function readBy(shell: string, text: string): string[] {
  const printed = execFileSync(shell, ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
  return printed.split('\0').slice(0, -1);
}

it('quotes only what needs it', () => {
  expect(shellWords(['sh', '-c', "echo 'hi' $x", '', 'A=b'])).toBe(
    String.raw`sh -c 'echo '\''hi'\'' $x' '' A=b`,
  );
});

it.each(['/bin/sh', '/usr/bin/bash'])('%s reads the same words', (shell) => {
  const word = fc.string({ unit: fc.constantFrom(...'a \'"$\\\n*;|&`!~#é日-=%') });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      expect(readBy(shell, shellWords(words))).toEqual(words);
    }),
    { numRuns: 30 },
  );
});

it.for(['zsh', 'fish'] as const)('%s reads the same words', needs('zsh', 'fish'), (shell) => {
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
