import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inert } from '../inert.ts';
import { displayWidth, padTo, piecesOf, truncate } from './display-width.ts';
import { layKeyValues, layToFit } from './key-value-list.ts';
import { fitsIn, layTable } from './table.ts';

const plain = (text: string): string => text;
const COLUMNS = [{ title: 'ID' }, { title: 'COMMAND', shrinks: true }, { title: 'WHEN' }];

function lay(width: number | undefined, ...rows: string[][]): string[] {
  return layTable(
    COLUMNS,
    rows.map((row) => row.map((text) => ({ text }))),
    width,
    plain,
  );
}

/** Any text, made inert. */
const SHOWN = fc
  .string({
    unit: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.constantFrom('日', '👩‍💻', 'e\u0301', '\x1b', '\u202e'),
    ),
    maxLength: 60,
  })
  .map(inert);

describe('a table', () => {
  it('aligns columns under their headings, without spaces at line ends', () => {
    expect(lay(undefined, ['a', 'sleep 1', 'now'], ['abcd', 'x', ''])).toEqual([
      'ID    COMMAND  WHEN',
      'a     sleep 1  now',
      'abcd  x',
    ]);
  });

  it('cuts only columns that may shrink, and only to fit a width', () => {
    const row = ['0123456789', 'a very long command line', 'yesterday'];
    expect(lay(undefined, row)[1]).toBe('0123456789  a very long command line  yesterday');
    expect(lay(35, row)[1]).toBe('0123456789  a very long…  yesterday');
    expect(lay(10, row)[1]).toBe('0123456789  a very …  yesterday');
  });

  it('fits any width that has room for the columns that may not be cut', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (commands) => {
        const lines = lay(40, ...commands.map((command) => ['id', command, 'now']));
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(40);
      }),
    );
  });

  it('omits spare columns rather than cut another one short', () => {
    const columns = [
      { title: 'ID' },
      { title: 'CPU', spare: true },
      { title: 'MEM', spare: true },
      { title: 'COMMAND', shrinks: true },
    ];
    const titles = (command: string, width: number | undefined): string[] => {
      const row = ['id', '1 s', '2 M', command].map((text) => ({ text }));
      return layTable(columns, [row], width, plain)[0]?.split(/ +/) ?? [];
    };
    const long = 'x'.repeat(60);
    expect(titles(long, undefined)).toEqual(['ID', 'CPU', 'MEM', 'COMMAND']);
    expect(titles(long, 44)).toEqual(['ID', 'CPU', 'MEM', 'COMMAND']);
    expect(titles(long, 43)).toEqual(['ID', 'CPU', 'COMMAND']);
    expect(titles(long, 38)).toEqual(['ID', 'COMMAND']);
    expect(titles('true', 21)).toEqual(['ID', 'CPU', 'MEM', 'COMMAND']);
  });

  it('omits optional columns, the last one first, before lines would wrap', () => {
    const columns = [
      { title: 'ID' },
      { title: 'WHO', shrinks: true },
      { title: 'FROM', optional: true },
      { title: 'END' },
      { title: 'SINCE', optional: true },
    ];
    const row = ['0123456789', 'a long long name', '10.0.0.1', 'soon', 'yesterday'].map((text) => ({ text }));
    const at = (width: number): string | undefined => layTable(columns, [row], width, plain)[1];
    expect(at(80)).toBe('0123456789  a long long name  10.0.0.1  soon  yesterday');
    expect(at(40)).toBe('0123456789  a long long…  10.0.0.1  soon');
    expect(at(34)).toBe('0123456789  a long long name  soon');
    expect(at(20)).toBe('0123456789  a long …  soon');
  });

  it('counts wide characters twice and combining marks not at all', () => {
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(displayWidth('👩‍💻')).toBe(2);
    expect(displayWidth('🇩🇪')).toBe(2);
    expect(displayWidth('ＡｱÄ')).toBe(4);
    expect(displayWidth('𝌆')).toBe(2);
    expect(truncate('日本語', 5)).toBe('日本…');
    expect(truncate('日本語', 4)).toBe('日…');
    expect(padTo('日', 4)).toBe('日  ');
  });

  it('fits any terminal, as key-value lists if need be, and aligns columns with their headings', () => {
    const row = fc.tuple(SHOWN, SHOWN, SHOWN);
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(40, 60, 80, 200),
        (texts, width) => {
          const cells = texts.map((cellTexts) => cellTexts.map((text) => ({ text })));
          const lines = layToFit(COLUMNS, cells, width, plain);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
          const [head = '', ...rest] = lines;
          if (!fitsIn(COLUMNS, cells, width)) return;
          for (const title of ['COMMAND', 'WHEN']) {
            const at = head.indexOf(title);
            for (const line of rest) expect(endsAt(line, at)).toBe(true);
          }
        },
      ),
    );
  });

  it('loses nothing of a key-value list', () => {
    fc.assert(
      fc.property(SHOWN, fc.integer({ min: 10, max: 80 }), (text, width) => {
        const lines = layKeyValues([['NAME', { text }]], width, plain);
        const value = displayWidth(text) <= width - 6 ? (lines[0] ?? '').slice(6) : lines.slice(1).join('');
        expect(value).toBe(text);
      }),
    );
  });
});

/** True when a character of `line` ends at column `at`, or the line ends before it. */
function endsAt(line: string, at: number): boolean {
  let used = 0;
  for (const piece of piecesOf(line, 1)) {
    if (used === at) return true;
    used += displayWidth(piece);
  }
  return used <= at;
}
