/** The newest lines of a session's output, and the part of them that is visible. */
import { stripVTControlCharacters } from 'node:util';
import { inert } from '../../src/inert.ts';
import { displayWidth, padTo, piecesOf } from '../../src/terminal/display-width.ts';
import type { Cell } from '../../src/terminal/table.ts';
import type { List, ShowAction, Target } from '../screen.ts';

/** The session that is shown. Its object identity tells its output from that of an earlier view. */
export interface OutputSource {
  readonly action: ShowAction;
  readonly target: Target;
}

/** The room for lines of output. */
export interface Page {
  readonly columns: number;
  readonly height: number;
}

/** A view that follows what a session prints; it only reads, and passes nothing on to the program. */
export interface OutputView {
  readonly kind: 'output';
  readonly screen: List;
  readonly source: OutputSource;
  /** Lines as printed, of which the last may be unfinished. */
  readonly lines: readonly string[];
  /** True when older lines are no longer kept here. */
  readonly isCut: boolean;
  /** Index of the first visible line; undefined to show the newest. */
  readonly top: number | undefined;
  /** Says how the session ended, or why it cannot be read; undefined while it is followed. */
  readonly end: Cell | undefined;
}

/** Most lines that are kept. */
const MAX_LINES = 5_000;
/** Longest line, in characters; a longer one continues on the next. */
const LONGEST = 2_000;
const TAB_STOP = 8;

export function viewOnOutput(screen: List, source: OutputSource): OutputView {
  return { kind: 'output', screen, source, lines: [''], isCut: false, top: undefined, end: undefined };
}

/** Appends printed text, and drops the oldest lines. */
export function withText(view: OutputView, text: string): OutputView {
  const begun = view.lines.at(-1) ?? '';
  const lines = [...view.lines.slice(0, -1), ...`${begun}${text}`.split('\n').flatMap(tidied)];
  const dropped = Math.max(0, lines.length - MAX_LINES);
  return {
    ...view,
    lines: lines.slice(dropped),
    isCut: view.isCut || dropped > 0,
    top: view.top === undefined ? undefined : Math.max(0, view.top - dropped),
  };
}

/** Moves by `by` lines; at the end, the view follows the output again. */
export function scrolledBy(view: OutputView, by: number, page: Page): OutputView {
  const lowest = firstOfPage(view, page);
  const top = Math.max(0, (view.top ?? lowest) + by);
  return { ...view, top: top >= lowest ? undefined : top };
}

/** Returns the visible lines, inert and no wider than the terminal. */
export function visibleLines(view: OutputView, page: Page): string[] {
  const { height } = page;
  const first = view.top ?? firstOfPage(view, page);
  const last = Math.min(first + height, countOf(view)); // each line takes at least one row
  const shown = view.lines.slice(first, last).flatMap((line) => rowsOf(line, page));
  return view.top === undefined ? shown.slice(-height) : shown.slice(0, height);
}

/** Returns a line such as "running · line 12 of 400 · G follows". */
export function outputState(view: OutputView): Cell {
  const { end, top, isCut, source } = view;
  const place = top === undefined ? [] : [`line ${top + 1} of ${countOf(view)}`, 'G goes to the end'];
  const older = isCut ? [`older lines: latchkey sessions read ${source.target.id}`] : [];
  const { text, ...style } = end ?? {
    text: source.action.fromNow ? 'running, output from now on' : 'running',
  };
  return { text: inert([text, ...place, ...older].join(' · ')), ...style };
}

/** Returns the index of the line that the last page begins in. */
function firstOfPage(view: OutputView, page: Page): number {
  let at = countOf(view);
  for (let rows = 0; at > 0 && rows < page.height; rows += rowsOf(view.lines[at] ?? '', page).length) at -= 1;
  return at;
}

/** Returns the number of lines, without the empty one after a line break. */
function countOf({ lines }: OutputView): number {
  return lines.length - (lines.at(-1) === '' ? 1 : 0);
}

/** Returns a line as a terminal shows it, without colours and cursor movements. */
function rowsOf(line: string, { columns }: Page): string[] {
  const rows = [...piecesOf(inert(withoutTabs(stripVTControlCharacters(line.replace(/\r$/, '')))), columns)];
  return rows.length === 0 ? [''] : rows;
}

function withoutTabs(line: string): string {
  return line
    .split('\t')
    .reduce(
      (before, part) => padTo(before, (Math.floor(displayWidth(before) / TAB_STOP) + 1) * TAB_STOP) + part,
    );
}

/** Returns the text after the last carriage return, which is what a terminal shows of it, in pieces. */
function tidied(line: string): string[] {
  const shown = line.slice(line.lastIndexOf('\r', line.length - 2) + 1);
  return shown.length <= LONGEST ? [shown] : (shown.match(new RegExp(`[\\s\\S]{1,${LONGEST}}`, 'gu')) ?? []);
}
