/**
 * Rows under headings, aligned by what a terminal shows. With a width the columns that may shrink do,
 * the widest first; without one nothing is ever cut.
 */
import { displayWidth, padTo, truncate } from './display-width.ts';

/** One column. Ids people copy must stay whole, so only columns that say so are cut. */
export interface Column {
  readonly title: string;
  readonly shrinks?: boolean;
}

/** A cell's text, already inert, and how it looks where there are colours. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

export type Style = 'heading' | 'good' | 'bad' | 'dim';

/** Puts colour around text, or leaves it alone. */
export type Paint = (text: string, style: Style | undefined) => string;

const GAP = '  ';
const NARROWEST = 8;

/** The lines of a table, headings first. `width` in columns; undefined where there is no terminal. */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
  paint: Paint,
): string[] {
  const heading = columns.map(({ title }): Cell => ({ text: title, style: 'heading' }));
  const widths = columns.map((column, at) =>
    rows.reduce((most, row) => Math.max(most, displayWidth(row[at]?.text ?? '')), displayWidth(column.title)),
  );
  if (width !== undefined) shrink(columns, widths, width);
  return [heading, ...rows].map((row) => layRow(row, widths, paint));
}

function shrink(columns: readonly Column[], widths: number[], width: number): void {
  const gaps = GAP.length * (columns.length - 1);
  let over = widths.reduce((sum, each) => sum + each, gaps) - width;
  while (over > 0) {
    let widest = -1;
    columns.forEach((column, at) => {
      const each = widths[at] ?? 0;
      if (column.shrinks === true && each > NARROWEST && each > (widths[widest] ?? 0)) widest = at;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over -= 1;
  }
}

function layRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const last = widths.length - 1;
  return widths
    .map((width, at) => {
      const text = truncate(row[at]?.text ?? '', width);
      return paint(at === last ? text : padTo(text, width), row[at]?.style);
    })
    .join(GAP)
    .trimEnd();
}
