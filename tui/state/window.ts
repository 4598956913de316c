/**
 * The loaded part of a list: rows from its start, or up to its end. The cursor stays on its row while others
 * appear and disappear.
 */
import type { Change, Row, Target } from '../screen.ts';

/** The part of the list to ask the server for. */
export interface Extent {
  readonly from: 'start' | 'end';
  readonly count: number;
}

export interface Window {
  /** Rows in the order of the list, from whichever end they were loaded. */
  readonly rows: readonly Row[];
  /** Number of rows in the whole list. */
  readonly total: number;
  readonly wanted: Extent;
  /** False until the first answer. */
  readonly isLoaded: boolean;
  /** End, or row with this id, that the cursor goes to once it has arrived. */
  readonly goal: 'first' | 'last' | { readonly id: string } | undefined;
  /** Index into `rows`. */
  readonly cursor: number;
  /** Index of the first visible row. */
  readonly top: number;
  /** Marked rows, including those that the filter hides. */
  readonly marked: ReadonlyMap<string, Target>;
}

const FIRST = 200;
/** Number of rows that are loaded at most to find one. */
const MOST_SOUGHT = 10_000;

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

/** Returns the position of the cursor in the whole list, from 1. */
export function positionOf({ wanted, cursor, rows, total }: Window): number {
  return wanted.from === 'start' ? cursor + 1 : total - rows.length + cursor + 1;
}

/** Applies the server's answer; `height` rows are visible. */
export function withRows(window: Window, rows: readonly Row[], total: number, height: number): Window {
  const { goal } = window;
  if (typeof goal === 'object') return withSought(window, goal.id, rows, total, height);
  const next = follow(window, rows);
  const cursor = goal === 'first' ? 0 : goal === 'last' ? rows.length - 1 : next.cursor;
  return inView({ ...next, total, isLoaded: true, goal: undefined, cursor }, height);
}

/**
 * Moves the cursor to the row with this id. While that is not loaded, the previous rows stay, so that no key
 * applies to another row, and more rows are wanted. Without it, the cursor goes to the first row.
 */
function withSought(window: Window, id: string, rows: readonly Row[], total: number, height: number): Window {
  const at = rows.findIndex((row) => row.id === id);
  const { wanted } = window;
  const mayCome = rows.length < total && wanted.count < MOST_SOUGHT;
  if (at < 0 && mayCome)
    return { ...window, wanted: { ...wanted, count: Math.min(wanted.count * 2, MOST_SOUGHT) } };
  const cursor = Math.max(0, at);
  const top = cursor - (height >> 1);
  return inView(
    { ...window, rows, total, isLoaded: true, goal: undefined, cursor, top: Math.max(0, top) },
    height,
  );
}

/** Applies changes of a watch to the loaded rows. Only the server knows about the others. */
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

/** Moves the cursor by `by` rows, and wants more rows before the loaded ones end. */
export function moved(window: Window, by: number, height: number): Window {
  const cursor = window.cursor + by;
  return inView(withMore({ ...window, goal: undefined, cursor }), height);
}

/**
 * Moves the cursor to the first or last row of the list; `canListFromEnd` is true when the server can list it
 * in reverse.
 */
export function movedTo(
  window: Window,
  end: 'first' | 'last',
  canListFromEnd: boolean,
  height: number,
): Window {
  const hasEnd = window.wanted.from === (end === 'first' ? 'start' : 'end');
  const hasAll = window.rows.length >= window.total;
  if (hasEnd || hasAll) return moved(window, end === 'first' ? -Infinity : Infinity, height);
  const wanted: Extent =
    end === 'first'
      ? { from: 'start', count: FIRST }
      : canListFromEnd
        ? { from: 'end', count: FIRST }
        : { from: 'start', count: window.total };
  return { ...window, wanted, goal: end };
}

/** Toggles the mark of the cursor's row, and moves to the next. */
export function toggleMark(window: Window, height: number): Window {
  const row = rowAt(window);
  if (row === undefined) return window;
  const marked = new Map(window.marked);
  if (!marked.delete(row.id)) marked.set(row.id, targetOf(row));
  return moved({ ...window, marked }, 1, height);
}

/** Marks these rows as well. */
export function withMarks(window: Window, targets: readonly Target[]): Window {
  const more = targets.map((target) => [target.id, target] as const);
  return { ...window, marked: new Map([...window.marked, ...more]) };
}

/** Returns the part of a row that an action needs: very many may be marked. */
export function targetOf({ id, title, login, jti, can, endsOwnConnection }: Row): Target {
  return {
    id,
    title,
    ...(login !== undefined && { login }),
    ...(jti !== undefined && { jti }),
    ...(can !== undefined && { can }),
    ...(endsOwnConnection !== undefined && { endsOwnConnection }),
  };
}

/** Moves cursor and top so that both are in the list and the cursor is visible. */
export function inView(window: Window, height: number): Window {
  const last = Math.max(0, window.rows.length - 1);
  const cursor = Math.min(Math.max(0, window.cursor), last);
  const lowest = Math.max(0, window.rows.length - height);
  const top = Math.min(Math.max(Math.min(window.top, cursor), cursor - height + 1), lowest);
  return { ...window, cursor, top };
}

/** Doubles the wanted rows once the cursor is in their second half, so that moving it does not wait. */
function withMore(window: Window): Window {
  const { rows, total, wanted, cursor } = window;
  const passed = wanted.from === 'start' ? cursor : rows.length - 1 - cursor;
  if (rows.length >= total || passed < wanted.count / 2) return window;
  return { ...window, wanted: { ...wanted, count: wanted.count * 2 } };
}

/**
 * Replaces the rows; the cursor keeps its row and place on the screen, or takes the next row when its own is
 * gone.
 */
function follow(window: Window, rows: readonly Row[]): Window {
  const places = new Map(rows.map(({ id }, at) => [id, at]));
  const kept = window.rows.slice(window.cursor).find(({ id }) => places.has(id));
  const cursor = kept === undefined ? window.cursor : (places.get(kept.id) ?? 0);
  const top = window.top === 0 ? 0 : window.top + cursor - window.cursor;
  return { ...window, rows, cursor, top };
}
