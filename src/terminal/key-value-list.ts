/** Names and values, one pair a line; and rows as such records where a table of them would be too wide. */
import { displayWidth, padTo, piecesOf } from './display-width.ts';
import { type Cell, type Column, fitsIn, layTable, type Paint } from './table.ts';

const GAP = '  ';

/**
 * The lines of a record; what has no value is left out. A value that does not fit beside its name stands
 * below it, in as many lines as it takes. `width` in columns; undefined where there is no terminal.
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
 * A table; where even its narrowest form is too wide, each row as a record of all its cells, an empty
 * line between.
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
