/**
 * Mouse support, off by default: the wheel moves the cursor, a click selects a row, a line or a tab, and a
 * second click opens it. Reports have xterm's format (Control Sequences, mode 1006).
 */
import { displayWidth } from '../../src/terminal/display-width.ts';
import { detailLines, topLine } from './detail-lines.ts';
import { heightOf, type State, viewOf } from './state.ts';
import { tabsOf } from './tabs.ts';

export interface MouseAction {
  readonly kind: 'wheelUp' | 'wheelDown' | 'click';
  /** Column and row of the terminal, from 0. */
  readonly column: number;
  readonly row: number;
}

const LINES_PER_TURN = 3;
const TABS_ROW = 1;
const FIRST_ROW = 4;

const KINDS: Readonly<Record<string, MouseAction['kind']>> = {
  '0': 'click',
  '64': 'wheelUp',
  '65': 'wheelDown',
};

/** Button; column and row, from 1; pressed or released. */
const REPORT = new RegExp(String.raw`${'\u001b'}\[<(\d+);(\d+);(\d+)([Mm])`, 'g');

/** Returns the reports in a piece of input, and the text after the last of them. */
export function parseMouse(input: string): { readonly actions: MouseAction[]; readonly rest: string } {
  let end = 0;
  const actions = [...input.matchAll(REPORT)].flatMap((report): MouseAction[] => {
    end = report.index + report[0].length;
    const [, button = '', column, row, action] = report;
    const kind = KINDS[button];
    if (kind === undefined || action === 'm') return [];
    return [{ kind, column: Number(column) - 1, row: Number(row) - 1 }];
  });
  return { actions, rest: input.slice(end) };
}

/** Returns the keys with the same effect. */
export function keysFor(state: State, { kind, column, row }: MouseAction): string[] {
  if (kind !== 'click') return times(LINES_PER_TURN, kind === 'wheelUp' ? 'up' : 'down');
  if (state.dialog !== undefined || state.prompt !== undefined) return [];
  if (row === TABS_ROW) return tabAt(state, column);
  const view = viewOf(state);
  if (view.kind !== 'list' || row < FIRST_ROW || row >= FIRST_ROW + heightOf(state.size)) return [];
  const { open, window } = view;
  if (open === undefined) return stepsTo(window.top + row - FIRST_ROW, window.cursor, window.rows.length);
  return stepsTo(topLine(state, open.at) + row - FIRST_ROW, open.at, detailLines(state, open.row).length);
}

function tabAt(state: State, column: number): string[] {
  let end = 0;
  const at = tabsOf(state).findIndex(({ text }) => {
    end += displayWidth(text);
    return column < end;
  });
  return at < 0 ? [] : [`${at + 1}`];
}

/** Returns keys that move to a line of `count`, or open it when the cursor is on it. */
function stepsTo(line: number, cursor: number, count: number): string[] {
  if (line >= count) return [];
  if (line === cursor) return ['enter'];
  return times(Math.abs(line - cursor), line < cursor ? 'up' : 'down');
}

function times(count: number, key: string): string[] {
  return Array.from({ length: count }, () => key);
}
