/**
 * The dashboard as text for a screen reader: the title, the current row or dialog, updates, and the keys. No
 * line changes with the time alone, so nothing is spoken twice.
 */
import { inert } from '../../src/inert.ts';
import type { Value } from '../../src/terminal/table.ts';
import type { Row } from '../screen.ts';
import { detailLines, shownFields } from '../state/detail-lines.ts';
import { dialogLines, dialogTitle } from '../state/dialog-text.ts';
import { bindingsAt, focusOf } from '../state/keys.ts';
import { type OutputView, outputState, visibleLines } from '../state/output.ts';
import { type ListView, pageOf, type State, type View, viewOf } from '../state/state.ts';
import { rowAt } from '../state/window.ts';
import { about, connectionWord, role, statusLine } from './frame.ts';
import { cellOf } from './line.ts';
import type { Appearance } from './theme.ts';

/** Returns lines, each a sentence or a list of sentences. */
export function spokenText(state: State, nowMs: number, appearance: Appearance): string[] {
  const { dialog, changeNotice, who, connection } = state;
  const view = viewOf(state);
  const [lower] = statusLine(state);
  const [connected] = connectionWord(connection);
  const said =
    dialog === undefined
      ? inView(state, view, nowMs, appearance)
      : [dialogTitle(state, dialog), ...dialogLines(state, dialog)];
  const keys = bindingsAt(state, focusOf(state)).flatMap(({ keys: [key], short }) =>
    short === undefined ? [] : `${key} ${short}`,
  );
  return [
    `${about(view).replaceAll(' · ', ', ')}. ${inert(who.login)}, ${role(state)}. ${connected.replace(/^. /, '')}.`,
    ...said,
    ...(changeNotice === '' ? [] : [`Update: ${inert(changeNotice)}`]),
    ...(lower === '' ? [] : [lower]),
    `Keys: ${keys.join(', ')}`,
  ];
}

function inView(state: State, view: View, nowMs: number, appearance: Appearance): string[] {
  if (view.kind === 'board') {
    const { columns } = state.size;
    return [...(view.picture?.({ columns, rows: Infinity, nowMs, appearance }) ?? ['loading'])];
  }
  if (view.kind === 'output') return outputInWords(view, state);
  if (view.open !== undefined) return [lineInWords(state, view.open, nowMs)];
  const row = rowAt(view.window);
  if (row === undefined) return [view.window.isLoaded ? `no ${view.query.screen.rows}` : 'loading'];
  return [rowInWords(view, row, nowMs)];
}

/** Returns the state, and the newest line or the first visible one. */
function outputInWords(view: OutputView, { size }: State): string[] {
  const lines = visibleLines(view, pageOf(size));
  return [outputState(view).text, ...lines.slice(...(view.top === undefined ? [-1] : [0, 1]))];
}

/** "Marked. token 01a2…, login alice, expires in 3 h". */
function rowInWords({ query, window }: ListView, row: Row, nowMs: number): string {
  // What changes all the time, such as use of the processor, would be said all the time.
  const cells = query.screen.columns.flatMap(({ title, spare }, at) => {
    if (spare) return [];
    const text = inWords(row.cells[at], nowMs);
    return text === '' ? [] : `${title.toLowerCase()} ${text}`;
  });
  return `${window.marked.has(row.id) ? 'Marked. ' : ''}${cells.join(', ')}`;
}

/** Returns the whole field of the cursor. */
function lineInWords(
  state: State,
  { row, at, isGone }: NonNullable<ListView['open']>,
  nowMs: number,
): string {
  const lines = detailLines(state, row);
  const field = lines[Math.min(at, lines.length - 1)]?.field;
  if (field === undefined) return 'empty';
  const place = `line ${shownFields(row).indexOf(field) + 1} of ${shownFields(row).length}`;
  const refers = field.reference === undefined ? '' : `, refers to ${field.reference.screen}`;
  return `${isGone ? 'No longer exists. ' : ''}${field.name} ${inWords(field.value, nowMs)}${refers}, ${place}`;
}

function inWords(value: Value, nowMs: number): string {
  return cellOf(value, nowMs, 2).text;
}
