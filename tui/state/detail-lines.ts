/** The fields of the open row as lines; a long value continues on the next lines. */
import { inert } from '../../src/inert.ts';
import { displayWidth, piecesOf } from '../../src/terminal/display-width.ts';
import type { Field, Row } from '../screen.ts';
import { heightOf, type State } from './state.ts';

export interface DetailLine {
  readonly field: Field;
  /** Index of the part of the value, from 0. */
  readonly part: number;
  /** Text of the part, inert; undefined for a time, whose text changes. */
  readonly text: string | undefined;
  readonly isLast: boolean;
}

/** Returns the fields of a row that have a value. */
export function shownFields(row: Row): Field[] {
  return row.fields.filter(({ value }) => value !== undefined && value !== '');
}

/** Returns the first line shown while the cursor is on line `at`. */
export function topLine(state: State, at: number): number {
  return Math.max(0, at - heightOf(state.size) + 1);
}

/** Returns the columns before the values: the cursor, the widest name, and a gap. */
export function indentOf(row: Row): number {
  return 4 + Math.max(0, ...shownFields(row).map(({ name }) => displayWidth(name)));
}

export function arrowOf({ reference }: Field): string {
  return reference === undefined ? '' : ` → ${reference.screen}`;
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
 * Cuts at any character, so that the text can be copied and joined again; the last line leaves `rest`
 * columns.
 */
function wrapped(text: string, width: number, rest: number): string[] {
  const lines = [...piecesOf(text, width)];
  const last = lines.at(-1);
  return last !== undefined && displayWidth(last) + rest <= width ? lines : [...lines, ''];
}

/** Longest text shown, longer than any command line (execve(2)): it bounds the time of drawing. */
const LONGEST = 128 * 1024;
