import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HARMFUL, HOSTILE } from '../../../test/support/terminal/hostile-text.ts';
import { plainNames } from './names.ts';

const TEXT = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...Object.values(HOSTILE)));

it('offers only names that are plain words in every shell, one per line with a description', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(TEXT, TEXT)), (found) => {
      for (const line of plainNames([['s1', 'first'], ...found]).map((each) => each.join('\t'))) {
        expect(line).toMatch(/^[\w@+.][\w@+.-]*\t[^\t\n]*$/);
        expect(line.replace('\t', '')).not.toMatch(HARMFUL);
      }
    }),
  );
});

it('offers nothing that bash, which expands candidates, would run', () => {
  const names = ['$(echo ran)', '`echo ran`', '-x', 'a;echo', "it's", 'a b', 's1', '*'];
  const lines = plainNames(names.map((name) => [name, ''])).map((each) => each.join('\t'));
  const script = 'compgen -W "$(cut -f 1)"';
  expect(execFileSync('bash', ['-c', script], { input: lines.join('\n'), encoding: 'utf8' })).toBe('s1\n');
});
