import { describe, expect, it } from 'vitest';
import type { Row } from '../screen.ts';
import {
  emptyWindow,
  moved,
  movedTo,
  positionOf,
  rowAt,
  toggleMark,
  type Window,
  withChanges,
  withRows,
} from './window.ts';

const HEIGHT = 10;

function row(id: string, cell = id): Row {
  return { id, title: id, cells: [cell], fields: [] };
}

function rows(from: number, to: number): Row[] {
  return Array.from({ length: to - from }, (_, at) => row(`r${from + at}`));
}

function loaded(count: number, total = count): Window {
  return withRows(emptyWindow, rows(0, count), total, HEIGHT);
}

describe('a window on a list', () => {
  it('keeps the cursor on its row, and the top in place, while rows appear above', () => {
    const window = withRows(moved(loaded(20), 3, HEIGHT), [row('new'), ...rows(0, 20)], 21, HEIGHT);
    expect([rowAt(window)?.id, window.cursor, window.top]).toEqual(['r3', 4, 0]);
  });

  it('keeps its rows in place on a scrolled screen while others come and go above', () => {
    const scrolled = moved(moved(loaded(40), 22, HEIGHT), -5, HEIGHT);
    expect([scrolled.cursor, scrolled.top]).toEqual([17, 13]);
    const grown = withRows(scrolled, [row('new'), row('newer'), ...rows(0, 40)], 42, HEIGHT);
    expect([rowAt(grown)?.id, grown.cursor, grown.top]).toEqual(['r17', 19, 15]);
    const gone = ['r0', 'r1', 'r2'].map((id) => ({ kind: 'gone', id }) as const);
    const shrunk = withChanges(grown, gone, HEIGHT);
    expect([rowAt(shrunk)?.id, shrunk.cursor, shrunk.top]).toEqual(['r17', 16, 12]);
    const same = withRows(shrunk, shrunk.rows, shrunk.total, HEIGHT);
    expect([same.cursor, same.top]).toEqual([16, 12]);
  });

  it('scrolls only as far as the cursor needs, and not while it moves within the screen', () => {
    const down = moved(loaded(40), 22, HEIGHT);
    expect(moved(down, -9, HEIGHT).top).toBe(13);
    expect(moved(down, -10, HEIGHT).top).toBe(12);
    expect(moved(moved(down, -9, HEIGHT), 9, HEIGHT).top).toBe(13);
    expect(moved(down, 1, HEIGHT).top).toBe(14);
  });

  it('seeks a row beyond the loaded ones, while no other row takes its place', () => {
    const shown = { ...loaded(1), rows: [row('r700')], isLoaded: false, goal: { id: 'r700' } };
    const first = withRows(shown, rows(0, 200), 1000, HEIGHT);
    expect([rowAt(first)?.id, first.wanted.count, first.isLoaded]).toEqual(['r700', 400, false]);
    const second = withRows(first, rows(0, 400), 1000, HEIGHT);
    const found = withRows(second, rows(0, 800), 1000, HEIGHT);
    expect([rowAt(found)?.id, found.cursor, found.top, found.goal]).toEqual(['r700', 700, 695, undefined]);
    const gone = withRows(second, rows(0, 600), 600, HEIGHT);
    expect([rowAt(gone)?.id, gone.isLoaded]).toEqual(['r0', true]);
  });

  it('seeks a row among the first ten thousand only', () => {
    let window: Window = { ...loaded(1), isLoaded: false, goal: { id: 'never' } };
    const asked: number[] = [];
    while (window.goal !== undefined) {
      asked.push(window.wanted.count);
      window = withRows(window, rows(0, window.wanted.count), 1_000_000, HEIGHT);
    }
    expect([asked.at(-1), rowAt(window)?.id]).toEqual([10_000, 'r0']);
  });

  it('moves to the next row when the row of the cursor is gone, or to the last row', () => {
    const next = withChanges(moved(loaded(3), 1, HEIGHT), [{ kind: 'gone', id: 'r1' }], HEIGHT);
    expect([rowAt(next)?.id, next.total]).toEqual(['r2', 2]);
    expect(rowAt(withChanges(next, [{ kind: 'gone', id: 'r2' }], HEIGHT))?.id).toBe('r0');
  });

  it('applies changes to loaded rows, and leaves others to the server', () => {
    const changes = [
      { kind: 'there', row: row('r1', 'changed') },
      { kind: 'there', row: row('elsewhere') },
      { kind: 'gone', id: 'unknown' },
    ] as const;
    const window = withChanges(loaded(3, 500), changes, HEIGHT);
    expect(window.rows.map(({ cells: [cell] }) => cell)).toEqual(['r0', 'changed', 'r2']);
    expect(window.total).toBe(500);
  });

  it('keeps the cursor visible and inside the list', () => {
    const down = moved(loaded(30), 12, HEIGHT);
    expect([down.cursor, down.top]).toEqual([12, 3]);
    expect([moved(down, 1000, HEIGHT).cursor, moved(down, 1000, HEIGHT).top]).toEqual([29, 20]);
    expect([moved(down, -1000, HEIGHT).cursor, moved(down, -1000, HEIGHT).top]).toEqual([0, 0]);
  });

  it('wants more rows long before the cursor reaches the last loaded one', () => {
    const window = loaded(200, 100_000);
    expect(moved(window, 99, HEIGHT).wanted).toBe(window.wanted);
    expect(moved(window, 100, HEIGHT).wanted).toEqual({ from: 'start', count: 400 });
    expect(moved(loaded(200), 150, HEIGHT).wanted.count).toBe(200);
  });

  it('goes to the end of a long list by loading it from the end', () => {
    const asking = movedTo(loaded(200, 100_000), 'last', true, HEIGHT);
    expect(asking.wanted).toEqual({ from: 'end', count: 200 });
    const there = withRows(asking, rows(99_800, 100_000), 100_000, HEIGHT);
    expect([rowAt(there)?.id, positionOf(there), there.top]).toEqual(['r99999', 100_000, 190]);
    const up = moved(there, -150, HEIGHT);
    expect([positionOf(up), up.wanted]).toEqual([99_850, { from: 'end', count: 400 }]);
    const more = withRows(up, rows(99_600, 100_000), 100_000, HEIGHT);
    expect([rowAt(more)?.id, positionOf(more)]).toEqual(['r99849', 99_850]);
    const back = movedTo(more, 'first', true, HEIGHT);
    expect(back.wanted).toEqual({ from: 'start', count: 200 });
    expect(rowAt(withRows(back, rows(0, 200), 100_000, HEIGHT))?.id).toBe('r0');
  });

  it('marks rows, and unmarks those that are gone', () => {
    const marked = toggleMark(toggleMark(loaded(3), HEIGHT), HEIGHT);
    expect([[...marked.marked.keys()], marked.cursor]).toEqual([['r0', 'r1'], 2]);
    expect([...withChanges(marked, [{ kind: 'gone', id: 'r0' }], HEIGHT).marked.keys()]).toEqual(['r1']);
    expect([...toggleMark(moved(marked, -1, HEIGHT), HEIGHT).marked.keys()]).toEqual(['r0']);
  });
});
