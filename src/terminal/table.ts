/**
 * Rows under headings, aligned by what a terminal shows. With a width the columns that may shrink do,
 * the widest first; without one nothing is ever cut.
 */
import { displayWidth, padTo, truncate } from './display-width.ts';

/** One column. Ids people copy must stay whole, so only columns that say so are cut. */
export interface Column {
  readonly title: string;
  readonly shrinks?: boolean;
  /** Left out, the last one first, where even cutting is not enough. */
  readonly optional?: boolean;
}

/** A cell's text, and how it looks where there are colours. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** A value for a cell or field, not yet inert. A moment is put into words when it is printed. */
export type Value = string | Date | undefined | Cell;

export type Style = 'heading' | 'good' | 'caution' | 'bad' | 'dim';

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
  return layShown(columns, rows, widthsFor(columns, rows, width), paint);
}

/** Whether the narrowest form of the table is within `width`. */
export function fitsIn(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): boolean {
  return total(widthsFor(columns, rows, width).map((shown) => shown.width)) <= width;
}

function layShown(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  shown: readonly Shown[],
  paint: Paint,
): string[] {
  const heading = columns.map(({ title }): Cell => ({ text: title, style: 'heading' }));
  return [heading, ...rows].map((row) => layRow(row, shown, paint));
}

/** Which columns are shown, and how wide. */
function widthsFor(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
): Shown[] {
  const table = [columns.map(({ title }): Cell => ({ text: title })), ...rows];
  const all = columns.map((column, at) => ({ column, at, width: widest(table, at) }));
  if (width === undefined) return all;
  const shown = leaveOut(all, width);
  shrink(shown, width);
  return shown;
}

interface Shown {
  readonly column: Column;
  /** Which cell of a row. */
  readonly at: number;
  width: number;
}

function widest(table: readonly (readonly Cell[])[], at: number): number {
  return table.reduce((most, row) => Math.max(most, displayWidth(row[at]?.text ?? '')), 0);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
}

function leaveOut(shown: Shown[], width: number): Shown[] {
  const least = total(
    shown.map(({ column, width: own }) => (column.shrinks ? Math.min(own, NARROWEST) : own)),
  );
  const last = shown.findLast(({ column }) => column.optional === true);
  if (least <= width || last === undefined) return shown;
  return leaveOut(
    shown.filter((each) => each !== last),
    width,
  );
}

/** Takes from the widest of those that may shrink until all fits, or all are narrow. */
function shrink(shown: readonly Shown[], width: number): void {
  const able = shown.filter(({ column }) => column.shrinks === true);
  for (let over = total(shown.map((each) => each.width)) - width; over > 0; over -= 1) {
    const widestOne = able.reduce(
      (a: Shown | undefined, b) => (a !== undefined && a.width >= b.width ? a : b),
      undefined,
    );
    if (widestOne === undefined || widestOne.width <= NARROWEST) return;
    widestOne.width -= 1;
  }
}

function layRow(row: readonly Cell[], shown: readonly Shown[], paint: Paint): string {
  const last = shown.length - 1;
  return shown
    .map(({ at, width }, place) => {
      const text = truncate(row[at]?.text ?? '', width);
      return paint(place === last ? text : padTo(text, width), row[at]?.style);
    })
    .join(GAP)
    .trimEnd();
}
