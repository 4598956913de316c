import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rawArguments, rawEnvironment } from './raw-arguments.ts';

const module = join(import.meta.dirname, 'raw-arguments.ts');
const PRINT = `
  import { rawArguments, rawEnvironment, rawVariable } from ${JSON.stringify(module)};
  const { OTHER, XDG_X, FFFD } = rawEnvironment(process.env);
  const variables = { OTHER, XDG_X, FFFD, wrong: rawVariable(process.env) };
  console.log(JSON.stringify([rawArguments(process.argv.slice(1)), variables]));
`;

/** Runs the functions in a process that bash starts with these words and variables. */
function started(words: string, variables: string): unknown {
  const script = `${variables} exec "$0" --input-type=module -e "$1" -- ${words}`;
  const argv = ['-c', script, process.execPath, PRINT];
  return JSON.parse(
    execFileSync('bash', argv, { encoding: 'utf8', env: {}, stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

it('are what Node.js has, where all is UTF-8', () => {
  expect(rawArguments(['a', 'é', '😀'])).toEqual(['a', 'é', '😀']);
  expect(rawEnvironment({ A: 'é' })).toEqual({ A: 'é' });
});

it('are the bytes of the kernel, where something is not', () => {
  const words = String.raw`first $'a\xe9' $'\xef\xbf\xbd' '' $'\xed\xa0\x80'`;
  const variables = String.raw`OTHER=$'\xff' FFFD=$'\xef\xbf\xbd' XDG_X=x`;
  const values = { OTHER: '\udcff', XDG_X: 'x', FFFD: '\ufffd' };
  expect(started(words, variables)).toEqual([
    ['first', 'a\udce9', '\ufffd', '', '\udced\udca0\udc80'],
    values,
  ]);
});

it('name a variable of this program that is not UTF-8', () => {
  expect(started('', String.raw`XDG_X=$'\xe9'`)).toEqual([[], { XDG_X: '\udce9', wrong: 'XDG_X' }]);
  expect(started('', String.raw`XDG_X=$'\xef\xbf\xbd'`)).toEqual([[], { XDG_X: '\ufffd' }]);
});
