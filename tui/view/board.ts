/** A picture as far as it fits. */
import { type BoardView, heightOf, type State } from '../state/state.ts';
import type { Look } from './theme.ts';

export function board(state: State, { picture }: BoardView, nowMs: number, look: Look): readonly string[] {
  if (picture === undefined) return ['', look.plain('asking …')];
  const rows = heightOf(state.size) + 1;
  return picture({ columns: state.size.columns, rows, nowMs, look }).slice(0, rows);
}
