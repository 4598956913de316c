/** All fields of the row that is open; the ones with an arrow lead on. */
import { padTo } from '../../src/terminal/display-width.ts';
import { arrowOf, indentOf, type OpenLine, openLines, topLine } from '../state/detail-lines.ts';
import { heightOf, type ListView, type State } from '../state/state.ts';
import { cellOf } from './line.ts';
import type { Look } from './theme.ts';

export function openRow(
  state: State,
  { row, at, isGone }: NonNullable<ListView['open']>,
  nowMs: number,
  look: Look,
): string[] {
  const all = openLines(state, row);
  const top = topLine(state, at);
  const indent = indentOf(row);
  const lines = all.slice(top, top + heightOf(state.size)).map((line, index) => {
    const isCursor = top + index === Math.min(at, all.length - 1);
    return lineOf(line, { isCursor, indent, width: state.size.columns }, nowMs, look);
  });
  return [isGone ? look.paint('This is gone; what follows is what it was.', 'bad') : '', ...lines];
}

interface Place {
  readonly isCursor: boolean;
  readonly indent: number;
  readonly width: number;
}

function lineOf(
  { field, part, text, isLast }: OpenLine,
  { isCursor, indent, width }: Place,
  nowMs: number,
  look: Look,
): string {
  const cell = cellOf(text === undefined ? field.value : '', nowMs, 2);
  const style = cellOf(field.value, nowMs).style;
  const label = padTo(`${isCursor ? '▸' : ' '} ${part === 0 ? field.name : ''}`, indent);
  const shown = text ?? cell.text;
  const arrow = isLast ? arrowOf(field) : '';
  if (isCursor) return look.paint(look.plain(padTo(label + shown + arrow, width)), 'cursor');
  return look.paint(look.plain(label), 'dim') + look.paint(look.plain(shown), style) + look.plain(arrow);
}
