/** A picture as far as it fits, from the line that it is scrolled to. */
import { type BoardView, heightOf, type State } from '../state/state.ts';
import type { Look } from './look.ts';

export function board(state: State, { picture, top }: BoardView, nowMs: number, look: Look): string[] {
  if (picture === undefined) return ['', look.plain('asking …')];
  const { columns } = state.size;
  const rows = heightOf(state.size) + 1;
  const lines = picture({ columns, rows, nowMs, look });
  const from = Math.min(top, Math.max(0, lines.length - rows));
  return lines.slice(from, from + rows);
}
