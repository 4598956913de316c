/** Rules for comments: each one is a sentence that stands alone, on lines of a readable length. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));

const MAX_COLUMNS = 110;

/**
 * First words of a comment that has no subject of its own. "Of all measured, as the next." cannot be
 * understood without the code; "CPU share of all measured links together." can.
 */
const DANGLING = new Set('As How In Of That Those Told What Where Whether Who Whom Whose'.split(' '));

const generated = 'src/generated/**';
const everything = globSync('{src,tui,test,build}/**/*.{ts,tsx,mjs}', { cwd: root, exclude: [generated] });

function linesOf(file: string): string[] {
  return readFileSync(join(root, file), 'utf8').split('\n');
}

/** Returns the places of the lines for which `isWrong` returns true. */
function find(files: readonly string[], isWrong: (line: string, before: string) => boolean): string[] {
  return files.flatMap((file) => {
    const lines = linesOf(file);
    return lines.flatMap((line, at) =>
      isWrong(line, lines[at - 1] ?? '') ? [`${file}:${at + 1}: ${line.trim()}`] : [],
    );
  });
}

/** Returns the first word of a doc comment that begins on `line`, or on the line before. */
function firstWord(line: string, before: string): string | undefined {
  const oneLine = /^\s*\/\*\* (\w+)/.exec(line);
  const several = before.trim() === '/**' ? /^\s*\* (\w+)/.exec(line) : null;
  return (oneLine ?? several)?.[1];
}

/** Returns the line without its string, template and regular expression literals, which cannot be wrapped. */
function withoutLiterals(line: string): string {
  return line.replace(
    /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`?|\/(?![/*])(?:[^/\\]|\\.)+\/\w*/g,
    '""',
  );
}

describe('a comment', () => {
  it('stands alone: it begins with its subject or a verb', () => {
    expect(everything.length).toBeGreaterThan(250);
    expect(find(everything, (line, before) => DANGLING.has(firstWord(line, before) ?? ''))).toEqual([]);
  });

  it(`and code have lines of at most ${MAX_COLUMNS} columns, but for texts that cannot be wrapped`, () => {
    const isLong = (line: string): boolean =>
      line.length > MAX_COLUMNS &&
      (/^\s*(?:\/?\*|\/\/)/.test(line) || withoutLiterals(line).length > MAX_COLUMNS);
    expect(find(everything, isLong)).toEqual([]);
  });

  it('and every other text has straight apostrophes', () => {
    expect(find(everything, (line) => /[\u2018\u2019]/.test(line))).toEqual([]);
  });
});
