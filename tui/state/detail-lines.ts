/** The fields of a row that is open as lines: a long value goes on below itself. */
import { inert } from '../../src/inert.ts';
import { displayWidth, piecesOf } from '../../src/terminal/display-width.ts';
import type { Field, Row } from '../screen.ts';
import { heightOf, type State } from './state.ts';

export interface DetailLine {
  readonly field: Field;
  /** Which part of the value; the first is 0. */
  readonly part: number;
  /** The part, inert; undefined for a moment, which changes with the time. */
  readonly text: string | undefined;
  readonly isLast: boolean;
}

/** The fields of a row that are worth a line. */
export function shownFields(row: Row): Field[] {
  return row.fields.filter(({ value }) => value !== undefined && value !== '');
}

/** Which line is shown first while the cursor is on the one `at`. */
export function topLine(state: State, at: number): number {
  return Math.max(0, at - heightOf(state.size) + 1);
}

/** Columns in front of values: the cursor, the widest name, and space. */
export function indentOf(row: Row): number {
  return 4 + Math.max(0, ...shownFields(row).map(({ name }) => displayWidth(name)));
}

export function arrowOf({ lead }: Field): string {
  return lead === undefined ? '' : ` → ${lead.screen}`;
}

export function detailLines(state: State, row: Row): DetailLine[] {
  const width = Math.max(1, state.size.columns - indentOf(row));
  return shownFields(row).flatMap((field): DetailLine[] => {
    const { value } = field;
    if (value === undefined || value instanceof Date)
      return [{ field, part: 0, text: undefined, isLast: true }];
    const text = inert((typeof value === 'string' ? value : value.text).slice(0, LONGEST));
    const parts = wrapped(text, width, displayWidth(arrowOf(field)));
    return parts.map((each, part) => ({ field, part, text: each, isLast: part === parts.length - 1 }));
  });
}

/**
 * Cut anywhere, so that it can be copied and put together again; the last line has room for `rest`
 * columns more.
 */
function wrapped(text: string, width: number, rest: number): string[] {
  const lines = [...piecesOf(text, width)];
  const last = lines.at(-1);
  return last !== undefined && displayWidth(last) + rest <= width ? lines : [...lines, ''];
}

/** More than any command line has (execve(2)), so that nobody makes a screen that cannot be drawn in time. */
const LONGEST = 128 * 1024;
