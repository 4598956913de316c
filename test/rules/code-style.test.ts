/** Rules of style that neither the formatter nor the linter knows. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = dirname(dirname(import.meta.dirname));

/** Returns the lines of `files` that match `pattern`, with their places. */
function linesWith(pattern: RegExp, files: string): string[] {
  return globSync(files, { cwd: root }).flatMap((file) => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    return lines.flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : []));
  });
}

test('every constant has a line of its own', () => {
  const tuples = /\bconst \[\w+(?:, \w+)+\] = \[(?!.*\]\.map)/;
  expect(linesWith(tuples, '{src,tui,test,build}/**/*.{ts,tsx,mjs}')).toEqual([]);
});

test('a role takes its exit statuses from exit-status.ts', () => {
  const numbers = /\b(?:EXIT_\w+|DONE|FAILED|USAGE) = \d|^ +return .*\b\d+;|process\.exit(?:Code =|\()\s*\d/;
  expect(linesWith(numbers, '{src/*/,tui/,src/}main.{ts,tsx}')).toEqual([]);
});

test('whoever starts a process waits until it has started: otherwise an error would end this one', () => {
  const starts = linesWith(/(?<!\.)\bspawn\(/, '{src,tui}/**/*.{ts,tsx}').filter(
    (line) => !/\.test\.ts:/.test(line),
  );
  const files = new Set(starts.map((line) => line.split(':', 1)[0] ?? ''));
  const unsafe = [...files].filter((file) => !/\bhasStarted\(/.test(readFileSync(join(root, file), 'utf8')));
  expect(unsafe).toEqual([]);
  expect(files.size).toBeGreaterThan(4);
});
