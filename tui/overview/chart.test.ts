import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appearanceOf } from '../view/theme.ts';
import { chart, chartWidth } from './chart.ts';

describe('a chart', () => {
  it('shows the highest value at full height, zero as a dot, and every other value', () => {
    expect(chart([0, 1, 2, 4, 8, 1000], { columns: 6, rows: 1 })).toEqual(['·▁▁▁▁█']);
    expect(chart([0, 1, 2, 3, 4, 5, 6, 7, 8], { columns: 9, rows: 1 })).toEqual(['·▁▂▃▄▅▆▇█']);
    expect(chart([0, 4, 8, 16], { columns: 4, rows: 2 })).toEqual(['   █', '·▄██']);
    expect(chart([0, 0], { columns: 2, rows: 1 })).toEqual(['··']);
  });

  it('keeps every peak when it has fewer columns than values', () => {
    expect(chart([0, 9, 0, 0, 0, 3], { columns: 3, rows: 1 })).toEqual(['█·▃']);
    expect(chart([5, 0], { columns: 4, rows: 1 })).toEqual(['██··']);
  });

  it('has a width that is the same for every minute of an hour', () => {
    expect([200, 130, 60, 59, 38, 29, 19, 3].map((room) => chartWidth(60, room))).toEqual([
      180, 120, 60, 30, 30, 20, 15, 3,
    ]);
  });

  it('has exactly the requested size', () => {
    const value = fc.nat({ max: 1_000_000 });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 8 }),
        (values, columns, rows) => {
          const lines = chart(values, { columns, rows });
          expect(lines.map((line) => line.length)).toEqual(Array.from({ length: rows }, () => columns));
        },
      ),
    );
  });

  it('has distinct levels in ASCII', () => {
    const [line = ''] = chart([0, 1, 2, 3, 4, 5, 6, 7, 8], { columns: 9, rows: 1 });
    const ascii = appearanceOf('none', true).plain(line);
    expect(ascii).toMatch(/^[\x20-\x7e]{9}$/);
    expect(new Set(ascii).size).toBe(9);
  });
});
