/** Draws the visible rows of a list, under their headings. */
import { stripVTControlCharacters } from 'node:util';
import { padTo } from '../../src/terminal/display-width.ts';
import { layTable } from '../../src/terminal/table.ts';
import type { Column, Order } from '../screen.ts';
import { heightOf, type ListView, type State } from '../state/state.ts';
import { cellOf } from './line.ts';
import { type Appearance, painter } from './theme.ts';

/** Columns before each row: the cursor, and the mark. */
const MARGIN = 2;

export function list(
  state: State,
  { query, window }: ListView,
  nowMs: number,
  appearance: Appearance,
): string[] {
  const { columns: width } = state.size;
  const rows = window.rows.slice(window.top, window.top + heightOf(state.size));
  const cells = rows.map((row) => row.cells.map((value) => cellOf(value, nowMs)));
  const columns = query.screen.columns.map((column) => ({ ...column, title: heading(column, query.order) }));
  const [headings = '', ...lines] = layTable(columns, cells, width - MARGIN, painter(appearance));
  if (rows.length === 0)
    lines.push(appearance.plain(window.isLoaded ? `no ${query.screen.rows}` : 'loading …'));
  return [
    `  ${headings}`,
    ...lines.map((line, at) => {
      const mark = window.marked.has(rows[at]?.id ?? '') ? '●' : ' ';
      const isCursor = window.top + at === window.cursor && rows.length > 0;
      const margin = appearance.plain(`${isCursor ? '▸' : ' '}${mark}`);
      if (!isCursor) return margin + line;
      return appearance.paint(padTo(margin + stripVTControlCharacters(line), width), 'cursor');
    }),
  ];
}

function heading({ title, order: by }: Column, order: Order | undefined): string {
  if (by === undefined || by !== order?.by) return title;
  return `${title}${order.descending ? '↓' : '↑'}`;
}
