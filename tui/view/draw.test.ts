import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/terminal/display-width.ts';
import {
  press,
  sessionRow,
  sessionsOf,
  showing,
  tokenRow,
} from '../../test/support/terminal/dashboard-state.ts';
import { HARMFUL, HOSTILE, HOSTILE_UNITS } from '../../test/support/terminal/hostile-text.ts';
import { viewOf } from '../state/state.ts';
import { update } from '../state/update.ts';
import { draw } from './draw.ts';
import { appearanceOf, preferencesIn } from './theme.ts';

const plain = appearanceOf('none', false);

function screen(...given: Parameters<typeof draw>): string[] {
  return draw(...given).map(stripVTControlCharacters);
}

describe('the screen', () => {
  it('has the size of the terminal, whatever it shows', () => {
    const rows = Array.from({ length: 40 }, (_, at) => tokenRow(`token-${at}`));
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 60, rows: 15 },
      { columns: 200, rows: 60 },
      { columns: 20, rows: 4 },
    ])
      for (const keys of [[], ['enter'], ['?'], ['x'], ['/', 'a'], [':']]) {
        const lines = screen(press(showing(rows, { size }), ...keys), 0, plain);
        expect(lines.length).toBe(size.rows);
        expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(size.columns);
      }
  });

  it('always shows the line of the cursor, and uses every line', () => {
    const many = { length: 40 };
    const fields = Array.from(many, (_, at) => ({ name: `field ${at}`, value: 'x' }));
    const rows = Array.from(many, (_, at) => ({ ...tokenRow(`token-${at}`), fields }));
    for (const size of [
      { columns: 60, rows: 15 },
      { columns: 80, rows: 24 },
    ])
      for (const way of [[], ['enter']])
        for (const [keys, line] of [
          [[], /^▸ (token-0|field 0) /],
          [Array<string>(20).fill('j'), /^▸ (token-20|field 20) /],
          [['G'], /^▸ (token-39|field 39) /],
        ] as const) {
          const lines = screen(press(showing(rows, { size }), ...way, ...keys), 0, plain);
          expect(lines.filter((each) => line.test(each))).toHaveLength(1);
          const shown = lines.filter((each) => /^[▸ ] (token-|field )\d/.test(each));
          expect([size.rows, way, keys.length, shown.length]).toEqual([
            size.rows,
            way,
            keys.length,
            size.rows - 6,
          ]);
        }
    const help = screen(press(showing(rows, { size: { columns: 60, rows: 15 } }), '?', 'G'), 0, plain);
    expect(help.at(-3)).toMatch(/^\^z +to the shell/);
  });

  it('shows login and server, the tabs, the rows with cursor and marks, and the keys', () => {
    const state = press(showing([tokenRow('one'), tokenRow('two', 'bob')]), 'space');
    const lines = screen(state, 60_000, plain);
    expect(lines.slice(0, 6).map((line) => line.trimEnd())).toEqual([
      'Latchkey  root (admin)  host:7300                                   ○ connecting',
      ' 1 Overview  2 Logins  3 Tokens  4 Links  5 Sessions',
      'Tokens · 2 of 2 · 1 marked',
      '  TOKEN  LOGIN  USER   METHOD  ISSUED↓    EXPIRES    FROM',
      ' ●one    alice  alice  link    1 min ago  in 59 min  vm',
      '▸ two    bob    bob    link    1 min ago  in 59 min  vm',
    ]);
    expect(lines.at(-1)).toContain('? help  x revoke  q quit  enter open');
  });

  it('shows the help uncut, in two columns from 80 on', () => {
    for (const columns of [30, 40, 60, 79, 80, 200]) {
      const rows = [{ ...tokenRow('one'), can: ['revoke'] }];
      const help = screen(
        press(showing(rows, { size: { columns, rows: columns < 80 ? 60 : 24 } }), '?'),
        0,
        plain,
      ).slice(3);
      expect(help.join('\n')).not.toContain('…');
      expect(help.filter((line) => /^\S.* {2,}\S/.test(line)).length).toBeGreaterThan(10);
      if (columns >= 80) expect(help.filter((line) => line.trim() !== '').length).toBeLessThan(17);
    }
  });

  it('shows that it is read-only', () => {
    const [header] = screen(showing([tokenRow('one')], { readOnly: true }), 0, plain);
    expect(header).toContain('root (admin, read-only)  host:7300');
  });

  it('lets no foreign text reach the terminal raw, and stays aligned', () => {
    const word = fc.string({ unit: fc.constantFrom(...HOSTILE_UNITS) });
    fc.assert(
      fc.property(word, (name) => {
        const rows = [tokenRow('plain'), tokenRow(`t${name}`, name)];
        const shown = draw(showing(rows), 0, { ...plain, paint: (text) => text });
        expect(shown.join('')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
        expect(Math.max(...shown.map(displayWidth))).toBeLessThanOrEqual(80);
      }),
    );
  });

  it('fits the output of a session into the terminal, and lets none of it through raw', () => {
    for (const size of [
      { columns: 80, rows: 24 },
      { columns: 20, rows: 8 },
    ]) {
      const shown = press({ ...sessionsOf([sessionRow('own', 'root', ['read'])]), size }, 'r');
      const view = viewOf(shown);
      if (view.kind !== 'output') throw new Error('no output is shown');
      for (const text of Object.values(HOSTILE)) {
        const state = update(shown, { kind: 'output', source: view.source, text: `${text}\n`.repeat(50) });
        for (const keys of [[], ['k'], ['g']]) {
          const lines = draw(press(state, ...keys), 0, { ...plain, paint: (each) => each });
          expect(lines.length).toBe(size.rows);
          expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(size.columns);
          expect(lines.join('\n')).not.toMatch(HARMFUL);
        }
      }
    }
  });

  it('draws only ASCII with --ascii', () => {
    const ascii = appearanceOf('16', true);
    const state = press(showing([tokenRow('日本', 'Zoë')]), 'space');
    const cut = showing([tokenRow('x'.repeat(200), 'y'.repeat(200))], { size: { columns: 60, rows: 15 } });
    for (const each of [state, cut])
      for (const keys of [[], ['enter'], ['?'], ['x'], ['/', 'z'], ['>', '>', '>']])
        expect(screen(press(each, ...keys), 0, ascii).join('')).toMatch(/^[\x20-\x7e]*$/);
  });

  it('has colours by theme, and none with NO_COLOR (no-color.org)', () => {
    const state = showing([tokenRow('one')]);
    const colours = (theme: Parameters<typeof appearanceOf>[0]) =>
      /\[(?:1;)?3\d/.test(draw(state, 0, appearanceOf(theme, false)).join(''));
    expect([colours('dark'), colours('light'), colours('16'), colours('none')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(preferencesIn({ NO_COLOR: '1', LANG: 'en_US.UTF-8' })).toEqual({
      theme: 'none',
      ascii: false,
      spoken: false,
    });
    expect(preferencesIn({ LANG: 'C' })).toEqual({ theme: '16', ascii: true, spoken: false });
  });
});
