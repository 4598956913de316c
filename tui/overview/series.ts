/** Charts of events per minute of the last hour: one line each, or several. */
import { padTo, truncate } from '../../src/terminal/display-width.ts';
import { spread } from '../view/line.ts';
import type { Appearance } from '../view/theme.ts';
import { chart, chartWidth } from './chart.ts';

export interface Series {
  readonly name: string;
  /** One value per minute, the oldest first; the last minute is still in progress. */
  readonly values: readonly number[];
}

const NUMBER = new Intl.NumberFormat('en');
/** Width of the longest name and a gap, in columns. */
const NAMES = 13;
/** Width of the numbers at the left of a chart, in columns. */
const SCALE = 8;

/** Returns what a chart shows as text: "12 in the last hour, at most 3 a minute". */
export function seriesSummary({ values }: Series): string {
  const sum = values.reduce((all, value) => all + value, 0);
  if (sum === 0) return 'none in the last hour';
  const most = Math.max(...values);
  return `${NUMBER.format(sum)} in the last hour, at most ${NUMBER.format(most)} a minute`;
}

/** Returns one line per series, at most `columns` wide, with the charts aligned between names and numbers. */
export function seriesTable(all: readonly Series[], columns: number, appearance: Appearance): string[] {
  const widest = Math.max(...all.map((series) => seriesSummary(series).length));
  return all.map((series) => inOneLine(series, columns, columns - NAMES - widest - 2, appearance));
}

/** Returns `rows` lines, at least two, at most `columns` wide. */
export function seriesLines(
  series: Series,
  { columns, rows }: { readonly columns: number; readonly rows: number },
  appearance: Appearance,
): string[] {
  const width = chartWidth(series.values.length, Math.max(1, columns - SCALE));
  const most = Math.max(1, ...series.values);
  const drawn = chart(series.values, { columns: width, rows: rows - 1 }).map((line, at) => {
    const scale = at === 0 ? NUMBER.format(most) : at === rows - 2 ? '0' : '';
    return (
      appearance.paint(appearance.plain(scale.padStart(SCALE - 1)), 'dim') + appearance.plain(` ${line}`)
    );
  });
  const [name, numbers] = spread(series.name, seriesSummary(series), SCALE + width);
  const title = appearance.paint(appearance.plain(name), 'heading') + appearance.plain(numbers);
  return [title, ...drawn];
}

function inOneLine(series: Series, columns: number, room: number, appearance: Appearance): string {
  const numbers = seriesSummary(series);
  const name = appearance.paint(appearance.plain(padTo(truncate(series.name, NAMES - 1), NAMES)), 'heading');
  if (room < MIN_CHART_COLUMNS)
    return name + appearance.plain(truncate(numbers, Math.max(0, columns - NAMES)));
  const width = chartWidth(series.values.length, Math.min(room, series.values.length));
  const [drawn = ''] = chart(series.values, { columns: width, rows: 1 });
  return `${name}${appearance.plain(drawn)}  ${appearance.plain(numbers)}`;
}

/** Narrowest useful chart, in columns. */
const MIN_CHART_COLUMNS = 10;
