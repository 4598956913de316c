/** Lines of the screen: each exactly as much as fits, and safe to show. */

import { inert } from '../../src/inert.ts';
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { relativeTime } from '../../src/terminal/relative-time.ts';
import type { Cell, Value } from '../../src/terminal/table.ts';

/** Longer than any screen is wide; cut before anything is measured. */
const LONGEST = 2_000;

export function cellOf(value: Value, nowMs: number, units: 1 | 2 = 1): Cell {
  if (value === undefined) return { text: '' };
  if (value instanceof Date) return { text: relativeTime(value, nowMs, units) };
  const { text, ...style } = typeof value === 'string' ? { text: value } : value;
  return { text: inert(text.slice(0, LONGEST)), ...style };
}

/** `left` and, where there is room, `right` at the other end. */
export function spread(left: string, right: string, width: number): [left: string, right: string] {
  const shown = truncate(right, Math.max(0, width - Math.min(displayWidth(left), width >> 1) - 2));
  const room = width - displayWidth(shown);
  return [padTo(truncate(left, Math.max(0, room - 1)), room), shown];
}
