/** The size of a terminal in characters. */
import { invalidField } from '../errors.ts';

export interface TerminalSize {
  /** 1 to 65535, like the rows (TIOCSWINSZ(2const)). */
  readonly columns: number;
  readonly rows: number;
}

const LARGEST = 65_535;

/** Returns `size` if a terminal can have it. Throws INVALID_ARGUMENT, which names `field`. */
export function checkedTerminalSize(size: TerminalSize, field: string): TerminalSize {
  if (isTerminalSize(size)) return size;
  throw invalidField(field, `columns and rows must be 1 to ${LARGEST}`);
}

/** Returns true when a terminal can have this size. */
export function isTerminalSize({ columns, rows }: TerminalSize): boolean {
  const isPossible = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= LARGEST;
  return isPossible(columns) && isPossible(rows);
}

/** Returns "80x24". */
export function terminalSizeText({ columns, rows }: TerminalSize): string {
  return `${columns}x${rows}`;
}

/** Parses "80x24". */
export function parseTerminalSize(text: string): TerminalSize {
  const [columns = 0, rows = 0] = text.split('x').map(Number);
  return { columns, rows };
}
