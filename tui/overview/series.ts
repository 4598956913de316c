/**
 * What happened in the last hour, minute by minute: a line with a chart in it, or a chart of several
 * lines.
 */
import { padTo, truncate } from '../../src/terminal/display-width.ts';
import { spread } from '../view/line.ts';
import type { Appearance } from '../view/theme.ts';
import { chart, chartWidth } from './chart.ts';

export interface Series {
  readonly name: string;
  /** One for each minute, the oldest first; the last is not over yet. */
  readonly values: readonly number[];
}

const NUMBER = new Intl.NumberFormat('en');
/** As wide as the longest name, and a gap. */
const NAMES = 13;
/** As wide as the numbers at the left of a chart. */
const SCALE = 8;

/** "12 in the last hour, at most 3 a minute": all that the chart shows, to be read aloud. */
export function inNumbers({ values }: Series): string {
  const sum = values.reduce((all, value) => all + value, 0);
  if (sum === 0) return 'none in the last hour';
  const most = Math.max(...values);
  return `${NUMBER.format(sum)} in the last hour, at most ${NUMBER.format(most)} a minute`;
}

/**
 * A line for each, none wider than `columns`, with the charts between names and numbers, one below the
 * other.
 */
export function seriesTable(all: readonly Series[], columns: number, appearance: Appearance): string[] {
  const widest = Math.max(...all.map((series) => inNumbers(series).length));
  return all.map((series) => inOneLine(series, columns, columns - NAMES - widest - 2, appearance));
}

/** As many lines as `rows`, which are two at least, none wider than `columns`. */
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
  const [name, numbers] = spread(series.name, inNumbers(series), SCALE + width);
  const title = appearance.paint(appearance.plain(name), 'heading') + appearance.plain(numbers);
  return [title, ...drawn];
}

function inOneLine(series: Series, columns: number, room: number, appearance: Appearance): string {
  const numbers = inNumbers(series);
  const name = appearance.paint(appearance.plain(padTo(truncate(series.name, NAMES - 1), NAMES)), 'heading');
  if (room < MOST_NARROW) return name + appearance.plain(truncate(numbers, Math.max(0, columns - NAMES)));
  const width = chartWidth(series.values.length, Math.min(room, series.values.length));
  const [drawn = ''] = chart(series.values, { columns: width, rows: 1 });
  return `${name}${appearance.plain(drawn)}  ${appearance.plain(numbers)}`;
}

/** A chart that is narrower says nothing. */
const MOST_NARROW = 10;
