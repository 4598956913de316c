/**
 * Lays out rows under headings, aligned by display width. To fit a width, columns that may shrink do, the
 * widest first; without a width nothing is cut.
 */
import { displayWidth, padTo, truncate } from './display-width.ts';

/** A column. Only columns with `shrinks` may be cut: ids stay whole, so that they can be copied. */
export interface Column {
  readonly title: string;
  readonly shrinks?: boolean;
  /** Omitted, the last one first, when cutting is not enough. */
  readonly optional?: boolean;
  /** Omitted, the last one first, when another column would be cut to less than 30. */
  readonly spare?: boolean;
}

/** Text of a cell, and its style where colours are on. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Value of a cell or field, not yet inert. A Date is formatted when it is printed. */
export type Value = string | Date | undefined | Cell;

export type Style = 'heading' | 'good' | 'caution' | 'bad' | 'dim';

/** Colours a text, or returns it as it is. */
export type Paint = (text: string, style: Style | undefined) => string;

const GAP = '  ';
const NARROWEST = 8;
const ROOMY = 30;

/** Returns the lines of a table, headings first. `width` in columns; undefined without a terminal. */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
  paint: Paint,
): string[] {
  return layColumns(columns, rows, widthsFor(columns, rows, width), paint);
}

/** True when the narrowest form of the table fits `width`. */
export function fitsIn(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
): boolean {
  return total(widthsFor(columns, rows, width).map((shown) => shown.width)) <= width;
}

function layColumns(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  shown: readonly Shown[],
  paint: Paint,
): string[] {
  const heading = columns.map(({ title }): Cell => ({ text: title, style: 'heading' }));
  return [heading, ...rows].map((row) => layRow(row, shown, paint));
}

/** Chooses the columns to show, and their widths. */
function widthsFor(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | undefined,
): Shown[] {
  const table = [columns.map(({ title }): Cell => ({ text: title })), ...rows];
  const all = columns.map((column, at) => ({ column, at, width: widest(table, at) }));
  if (width === undefined) return all;
  const shown = omitColumns(all, width);
  shrink(shown, width);
  return shown;
}

interface Shown {
  readonly column: Column;
  /** Index of the cell in a row. */
  readonly at: number;
  width: number;
}

function widest(table: readonly (readonly Cell[])[], at: number): number {
  return table.reduce((most, row) => Math.max(most, displayWidth(row[at]?.text ?? '')), 0);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
}

function omitColumns(shown: Shown[], width: number): Shown[] {
  const spare = shown.findLast(({ column }) => column.spare === true);
  const last = shown.findLast(({ column }) => column.optional === true);
  const omitted = spare !== undefined && leastOf(shown, ROOMY) > width ? spare : last;
  if (omitted === undefined || (omitted === last && leastOf(shown, NARROWEST) <= width)) return shown;
  return omitColumns(
    shown.filter((each) => each !== omitted),
    width,
  );
}

/** Returns the width of the table when each column that may shrink keeps `least`, or all that it needs. */
function leastOf(shown: readonly Shown[], least: number): number {
  return total(shown.map(({ column, width }) => (column.shrinks ? Math.min(width, least) : width)));
}

/** Narrows the widest columns that may shrink until the table fits or all are at their narrowest. */
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
