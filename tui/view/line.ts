/** Formats cells and lines: inert, and cut to a width. */

import { inert } from '../../src/inert.ts';
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { relativeTime } from '../../src/terminal/relative-time.ts';
import type { Cell, Value } from '../../src/terminal/table.ts';

/** Longest text, wider than any screen; texts are cut to it before they are measured. */
const LONGEST = 2_000;

export function cellOf(value: Value, nowMs: number, units: 1 | 2 = 1): Cell {
  if (value === undefined) return { text: '' };
  if (value instanceof Date) return { text: relativeTime(value, nowMs, units) };
  const { text, ...style } = typeof value === 'string' ? { text: value } : value;
  return { text: inert(text.slice(0, LONGEST)), ...style };
}

/** Returns `left`, padded, and `right`, which are `width` columns wide together. */
export function spread(left: string, right: string, width: number): [left: string, right: string] {
  const shown = truncate(right, Math.max(0, width - Math.min(displayWidth(left), width >> 1) - 2));
  const room = width - displayWidth(shown);
  return [padTo(truncate(left, Math.max(0, room - 1)), room), shown];
}
