/** The whole screen as lines, from the state and the time. */
import { type State, viewOf } from '../state/state.ts';
import { board } from './board.ts';
import { dialog } from './dialogs.ts';
import { footer, header, title } from './frame.ts';
import { list } from './list.ts';
import { openRow } from './open-row.ts';
import { speak } from './screen-reader.ts';
import type { Look } from './theme.ts';

/** Exactly as many lines as the terminal has rows, none wider than it is; for a screen reader what is to be said. */
export function draw(state: State, nowMs: number, look: Look): string[] {
  if (look.isSpoken) return speak(state, nowMs, look);
  const above = header(state, look);
  const below = footer(state, look);
  const room = Math.max(0, state.size.rows - above.length - below.length);
  const body = middle(state, nowMs, look).slice(0, room);
  const filling = Array.from({ length: room - body.length }, () => '');
  return [...above, ...body, ...filling, ...below].slice(0, state.size.rows);
}

function middle(state: State, nowMs: number, look: Look): string[] {
  if (state.dialog !== undefined) return dialog(state, state.dialog, look);
  const view = viewOf(state);
  if (view.kind === 'board') return [title(state, look), ...board(state, view, nowMs, look)];
  const { open } = view;
  const rest = open === undefined ? list(state, view, nowMs, look) : openRow(state, open, nowMs, look);
  return [title(state, look), ...rest];
}
