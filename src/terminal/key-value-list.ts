/** Prints names and values, one pair per line; also the rows of a table that is too wide. */
import { displayWidth, padTo, piecesOf } from './display-width.ts';
import { type Cell, type Column, fitsIn, layTable, type Paint } from './table.ts';

const GAP = '  ';

/**
 * Returns the lines of a list of pairs, without those that have no value. A value that does not fit beside
 * its name follows below it, on as many lines as it needs. `width` in columns; undefined without a terminal.
 */
export function layKeyValues(
  pairs: readonly (readonly [name: string, value: Cell])[],
  width: number | undefined,
  paint: Paint,
): string[] {
  const known = pairs.filter(([, { text }]) => text !== '');
  const widest = Math.max(0, ...known.map(([name]) => displayWidth(name)));
  const room = (width ?? Number.POSITIVE_INFINITY) - widest - GAP.length;
  return known.flatMap(([name, { text, style }]) => {
    if (displayWidth(text) <= room)
      return [`${paint(padTo(name, widest), 'dim')}${GAP}${paint(text, style)}`];
    const pieces = [...piecesOf(text, width ?? 0)].map((piece) => paint(piece, style));
    return [paint(name, 'dim'), ...pieces];
  });
}

/**
 * Returns the lines of a table; if even its narrowest form is too wide, each row as a list of pairs, with an
 * empty line between rows.
 */
export function layToFit(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
  paint: Paint,
): string[] {
  if (width === undefined || fitsIn(columns, rows, width)) return layTable(columns, rows, width, paint);
  return rows.flatMap((row, at) => {
    const pairs = columns.map(({ title }, column) => [title, row[column] ?? { text: '' }] as const);
    return [...(at === 0 ? [] : ['']), ...layKeyValues(pairs, width, paint)];
  });
}
