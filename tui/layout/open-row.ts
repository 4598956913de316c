/** All fields of the row that is open; the ones with an arrow lead on. */
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { heightOf, type State, shownFields, type View } from '../state/state.ts';
import { cellOf } from './line.ts';
import type { Look } from './look.ts';

export function openRow(
  state: State,
  { row, at, isGone }: NonNullable<View['open']>,
  nowMs: number,
  look: Look,
): string[] {
  const { columns: width } = state.size;
  const fields = shownFields(row);
  const widest = Math.max(...fields.map(({ name }) => displayWidth(name)));
  const height = heightOf(state.size);
  const top = Math.max(0, at - height + 1);
  const lines = fields.slice(top, top + height).map(({ name, value, lead }, index) => {
    const isCursor = top + index === at;
    const { text, style } = cellOf(value, nowMs, 2);
    const arrow = lead === undefined ? '' : ` → ${lead.screen}`;
    const shown = truncate(text, Math.max(0, width - widest - 4 - displayWidth(arrow)));
    const label = `${isCursor ? '▸' : ' '} ${padTo(name, widest)}  `;
    if (isCursor) return look.paint(look.plain(padTo(label + shown + arrow, width)), 'cursor');
    return look.paint(look.plain(label), 'dim') + look.paint(look.plain(shown), style) + look.plain(arrow);
  });
  const state_ = isGone ? look.paint('This is gone; what follows is what it was.', 'bad') : '';
  return [state_, ...lines];
}
