/**
 * The part of a list that is here: rows from its start, or up to its end, as many as were wanted. The cursor
 * stays on its row while rows come and go around it.
 */
import type { Change, Row, Target } from '../screen.ts';

/** How much to ask the server for. */
export interface Extent {
  readonly from: 'start' | 'end';
  readonly count: number;
}

export interface Window {
  /** In the order of the list, whichever end they were asked from. */
  readonly rows: readonly Row[];
  /** How many there are in all. */
  readonly total: number;
  readonly wanted: Extent;
  /** False until the first answer. */
  readonly isLoaded: boolean;
  /** Where the cursor goes when the rows wanted are here. */
  readonly goal: 'first' | 'last' | undefined;
  /** Index into `rows`. */
  readonly cursor: number;
  /** Index of the first row that is shown. */
  readonly top: number;
  /** Also those that the filter no longer shows. */
  readonly marked: ReadonlyMap<string, Target>;
}

const FIRST = 200;

export const emptyWindow: Window = {
  rows: [],
  total: 0,
  wanted: { from: 'start', count: FIRST },
  isLoaded: false,
  goal: undefined,
  cursor: 0,
  top: 0,
  marked: new Map(),
};

export function rowAt(window: Window): Row | undefined {
  return window.rows[window.cursor];
}

/** Which row of the whole list the cursor is on, from 1. */
export function place({ wanted, cursor, rows, total }: Window): number {
  return wanted.from === 'start' ? cursor + 1 : total - rows.length + cursor + 1;
}

/** With what the server answered; `height` rows are shown. */
export function withRows(window: Window, rows: readonly Row[], total: number, height: number): Window {
  const { goal } = window;
  const next = follow(window, rows);
  const cursor = goal === 'first' ? 0 : goal === 'last' ? rows.length - 1 : next.cursor;
  return inView({ ...next, total, isLoaded: true, goal: undefined, cursor }, height);
}

/** With what the watch told: rows that are here change or go. What is elsewhere only the server knows. */
export function withChanges(window: Window, changes: readonly Change[], height: number): Window {
  const there = new Map(
    changes.flatMap((change) => (change.kind === 'there' ? [[change.row.id, change.row]] : [])),
  );
  const gone = new Set(changes.flatMap((change) => (change.kind === 'gone' ? [change.id] : [])));
  const rows = window.rows.filter(({ id }) => !gone.has(id)).map((row) => there.get(row.id) ?? row);
  const marked = marksAfter(window.marked, there, gone);
  const total = window.total - (window.rows.length - rows.length);
  return inView({ ...follow(window, rows), total, marked }, height);
}

function marksAfter(
  marked: Window['marked'],
  there: ReadonlyMap<string, Row>,
  gone: ReadonlySet<string>,
): Window['marked'] {
  if (marked.size === 0) return marked;
  const kept = [...marked].filter(([id]) => !gone.has(id));
  return new Map(
    kept.map(([id, target]) => {
      const row = there.get(id);
      return [id, row === undefined ? target : targetOf(row)];
    }),
  );
}

/** The cursor `by` rows on, asking for more before they run out. */
export function moved(window: Window, by: number, height: number): Window {
  const cursor = window.cursor + by;
  return inView(withMore({ ...window, goal: undefined, cursor }), height);
}

/** The cursor on the first or last row of all; `canTurn` says whether the server can list from the end. */
export function movedTo(window: Window, end: 'first' | 'last', canTurn: boolean, height: number): Window {
  const hasEnd = window.wanted.from === (end === 'first' ? 'start' : 'end');
  const hasAll = window.rows.length >= window.total;
  if (hasEnd || hasAll) return moved(window, end === 'first' ? -Infinity : Infinity, height);
  const wanted: Extent =
    end === 'first'
      ? { from: 'start', count: FIRST }
      : canTurn
        ? { from: 'end', count: FIRST }
        : { from: 'start', count: window.total };
  return { ...window, wanted, goal: end };
}

/** The row under the cursor marked, or no more, and the cursor on the next. */
export function markTurned(window: Window, height: number): Window {
  const row = rowAt(window);
  if (row === undefined) return window;
  const marked = new Map(window.marked);
  if (!marked.delete(row.id)) marked.set(row.id, targetOf(row));
  return moved({ ...window, marked }, 1, height);
}

/** With these marked, too. */
export function withMarks(window: Window, targets: readonly Target[]): Window {
  const more = targets.map((target) => [target.id, target] as const);
  return { ...window, marked: new Map([...window.marked, ...more]) };
}

/** Without what only a screen needs: there may be very many. */
export function targetOf({ id, title, login, can, isOwnWayIn }: Row): Target {
  return {
    id,
    title,
    ...(login !== undefined && { login }),
    ...(can !== undefined && { can }),
    ...(isOwnWayIn !== undefined && { isOwnWayIn }),
  };
}

/** After a change of height. */
export function inView(window: Window, height: number): Window {
  const last = Math.max(0, window.rows.length - 1);
  const cursor = Math.min(Math.max(0, window.cursor), last);
  const lowest = Math.max(0, window.rows.length - height);
  const top = Math.min(Math.max(Math.min(window.top, cursor), cursor - height + 1), lowest);
  return { ...window, cursor, top };
}

/** Twice as much once the cursor has gone half of it, so that it never has to wait. */
function withMore(window: Window): Window {
  const { rows, total, wanted, cursor } = window;
  const gone = wanted.from === 'start' ? cursor : rows.length - 1 - cursor;
  if (rows.length >= total || gone < wanted.count / 2) return window;
  return { ...window, wanted: { ...wanted, count: wanted.count * 2 } };
}

/** Other rows, the cursor and the top as far from its row as before; on the next row where that is gone. */
function follow(window: Window, rows: readonly Row[]): Window {
  const places = new Map(rows.map(({ id }, at) => [id, at]));
  const kept = window.rows.slice(window.cursor).find(({ id }) => places.has(id));
  const cursor = kept === undefined ? window.cursor : (places.get(kept.id) ?? 0);
  const top = window.top === 0 ? 0 : window.top + cursor - window.cursor;
  return { ...window, rows, cursor, top };
}
