/** Draws all fields of the open row; an arrow marks those that refer to another screen. */
import { padTo } from '../../src/terminal/display-width.ts';
import { arrowOf, type DetailLine, detailLines, indentOf, topLine } from '../state/detail-lines.ts';
import { heightOf, type ListView, type State } from '../state/state.ts';
import { cellOf } from './line.ts';
import type { Appearance } from './theme.ts';

export function openRow(
  state: State,
  { row, at, isGone }: NonNullable<ListView['open']>,
  nowMs: number,
  appearance: Appearance,
): string[] {
  const all = detailLines(state, row);
  const top = topLine(state, at);
  const indent = indentOf(row);
  const lines = all.slice(top, top + heightOf(state.size)).map((line, index) => {
    const isCursor = top + index === Math.min(at, all.length - 1);
    return lineOf(line, { isCursor, indent, width: state.size.columns }, nowMs, appearance);
  });
  return [isGone ? appearance.paint('This no longer exists; its last known state:', 'bad') : '', ...lines];
}

interface Place {
  readonly isCursor: boolean;
  readonly indent: number;
  readonly width: number;
}

function lineOf(
  { field, part, text, isLast }: DetailLine,
  { isCursor, indent, width }: Place,
  nowMs: number,
  appearance: Appearance,
): string {
  const cell = cellOf(text === undefined ? field.value : '', nowMs, 2);
  const style = cellOf(field.value, nowMs).style;
  const label = padTo(`${isCursor ? '▸' : ' '} ${part === 0 ? field.name : ''}`, indent);
  const shown = text ?? cell.text;
  const arrow = isLast ? arrowOf(field) : '';
  if (isCursor) return appearance.paint(appearance.plain(padTo(label + shown + arrow, width)), 'cursor');
  return (
    appearance.paint(appearance.plain(label), 'dim') +
    appearance.paint(appearance.plain(shown), style) +
    appearance.plain(arrow)
  );
}
