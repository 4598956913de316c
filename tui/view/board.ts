/** Draws a picture, cut to the space. */
import { type BoardView, heightOf, type State } from '../state/state.ts';
import type { Appearance } from './theme.ts';

export function board(
  state: State,
  { picture }: BoardView,
  nowMs: number,
  appearance: Appearance,
): readonly string[] {
  if (picture === undefined) return ['', appearance.plain('loading …')];
  const rows = heightOf(state.size) + 1;
  return picture({ columns: state.size.columns, rows, nowMs, appearance }).slice(0, rows);
}
