/** Draws the whole screen as lines, from the state and the time. */
import { type State, viewOf } from '../state/state.ts';
import { board } from './board.ts';
import { dialog } from './dialogs.ts';
import { footer, header, title } from './frame.ts';
import { list } from './list.ts';
import { openRow } from './open-row.ts';
import { output } from './output.ts';
import { spokenText } from './screen-reader.ts';
import type { Appearance } from './theme.ts';

/**
 * Returns exactly as many lines as the terminal has rows, none wider than it; for a screen reader, its text.
 */
export function draw(state: State, nowMs: number, appearance: Appearance): string[] {
  if (appearance.isSpoken) return spokenText(state, nowMs, appearance);
  const above = header(state, appearance);
  const below = footer(state, appearance);
  const room = Math.max(0, state.size.rows - above.length - below.length);
  const body = middle(state, nowMs, appearance).slice(0, room);
  const filling = Array.from({ length: room - body.length }, () => '');
  return [...above, ...body, ...filling, ...below].slice(0, state.size.rows);
}

function middle(state: State, nowMs: number, appearance: Appearance): string[] {
  if (state.dialog !== undefined) return dialog(state, state.dialog, appearance);
  const view = viewOf(state);
  if (view.kind === 'board') return [title(state, appearance), ...board(state, view, nowMs, appearance)];
  if (view.kind === 'output') return [title(state, appearance), ...output(state, view, appearance)];
  const { open } = view;
  const rest =
    open === undefined ? list(state, view, nowMs, appearance) : openRow(state, open, nowMs, appearance);
  return [title(state, appearance), ...rest];
}
