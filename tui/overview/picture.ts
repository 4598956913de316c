/** The overview: logins, sessions, usage and refusals; as much as fits, the most important first. */
import { stripVTControlCharacters } from 'node:util';
import type { WatchActivityResponse } from '../../src/generated/latchkey/v1/system.ts';
import type { Login } from '../../src/generated/latchkey/v1/token.ts';
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { count, listed, size } from '../../src/terminal/format.ts';
import { relativeTime } from '../../src/terminal/relative-time.ts';
import type { Frame } from '../screen.ts';
import { share } from './numbers.ts';
import { type Series, seriesLines, seriesSummary, seriesTable } from './series.ts';
import { linksTable, loginsTable, refusalsTable, tableInWords, tableLines } from './tables.ts';

export interface Overview {
  readonly activity: WatchActivityResponse;
  /** The logins with the newest tokens. */
  readonly latest: readonly Login[];
}

/** Terminal width from which the overview has two columns. */
const WIDE = 140;
const GAP = 4;
/** Rows from which empty lines separate the parts. */
const SPACED_FROM_ROWS = 16;
/** Most rows of a chart. */
const MAX_CHART_ROWS = 7;
/** Most rows of a table for a screen reader. */
const MAX_SPOKEN_ROWS = 5;

export function picture(overview: Overview, frame: Frame): string[] {
  if (frame.appearance.isSpoken) return spoken(overview, frame);
  return frame.columns < WIDE ? narrow(overview, frame) : wide(overview, frame);
}

function narrow(overview: Overview, frame: Frame): string[] {
  const { activity } = overview;
  const gap = frame.rows < SPACED_FROM_ROWS ? [] : [''];
  const summary = summaryLines(overview, frame);
  const charts = seriesTable(seriesOf(activity), frame.columns, frame.appearance);
  const above = [...summary, ...gap, ...charts];
  const rest = frame.rows - above.length - gap.length * 2;
  const isShort = rest < 8;
  const linksHeight = isShort ? 0 : Math.min(rest >> 1, activity.linksUse?.top.length ?? 0) + 1;
  const refusals = tableOf('refusals', overview, frame, rest - linksHeight);
  if (isShort) return [...above, ...gap, ...refusals];
  return [...above, ...gap, ...tableOf('links', overview, frame, linksHeight), ...gap, ...refusals];
}

function wide(overview: Overview, frame: Frame): string[] {
  const half: Frame = { ...frame, columns: (frame.columns - GAP) >> 1 };
  const summary = summaryLines(overview, frame);
  const rest = frame.rows - summary.length - 1;
  const rows = Math.min(MAX_CHART_ROWS, Math.max(2, Math.floor((rest * 0.6) / 4) - 1));
  const charts = seriesOf(overview.activity).flatMap((series) => [
    ...seriesLines(series, { columns: half.columns, rows }, frame.appearance),
    '',
  ]);
  const left = [...charts, ...tableOf('links', overview, half, rest - charts.length)];
  const logins = tableOf('logins', overview, half, (rest >> 1) - 1);
  const right = [...logins, '', ...tableOf('refusals', overview, half, rest - logins.length - 1)];
  return [...summary, '', ...beside(left, right, half.columns)];
}

/** Joins two columns of painted lines. */
function beside(left: readonly string[], right: readonly string[], width: number): string[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const line = left[at] ?? '';
    const used = displayWidth(stripVTControlCharacters(line));
    return `${line}${' '.repeat(Math.max(0, width - used) + GAP)}${right[at] ?? ''}`.trimEnd();
  });
}

function tableOf(
  which: 'links' | 'logins' | 'refusals',
  overview: Overview,
  { columns: width, nowMs, appearance }: Frame,
  height: number,
): string[] {
  return tableLines(tables(overview)[which], { width, height }, nowMs, appearance);
}

function tables({ activity, latest }: Overview) {
  return {
    links: linksTable(activity.linksUse?.top ?? []),
    logins: loginsTable(latest),
    refusals: refusalsTable(activity.refusals),
  };
}

/** Returns two lines: the numbers of logins, tokens, links and sessions, and the usage. */
function summaryLines(overview: Overview, { columns, nowMs, appearance }: Frame): string[] {
  const [counts, usage] = summary(overview, nowMs);
  return [
    appearance.paint(appearance.plain(padTo(truncate(counts, columns), columns).trimEnd()), 'good'),
    appearance.plain(truncate(usage, columns)),
  ];
}

function summary({ activity }: Overview, nowMs: number): [counts: string, usage: string] {
  const { logins, tokens, links, sessions, serverUse, linksUse } = activity;
  const counts = listed([
    count(logins, 'login'),
    count(tokens, 'token'),
    count(links, 'link'),
    `${count(sessions, 'session')} running`,
  ]);
  return [counts, [server(serverUse, nowMs), linksInAll(linksUse)].filter((text) => text !== '').join('  ')];
}

function server(use: WatchActivityResponse['serverUse'], nowMs: number): string {
  if (use === undefined) return '';
  const parts = [cpu(use.cpuShare), size(use.memoryBytes), started(use.since, nowMs)];
  return `server: ${parts.filter((text) => text !== '').join(', ')}`;
}

function linksInAll(use: WatchActivityResponse['linksUse']): string {
  if (use === undefined || use.measured === 0) return '';
  return `links: ${cpu(use.cpuShare)}, ${size(use.memoryBytes)}`;
}

function cpu(cores: number | undefined): string {
  return cores === undefined ? '' : `${share(cores)} CPU`;
}

function started(since: Date | undefined, nowMs: number): string {
  return since === undefined ? '' : `up ${relativeTime(since, nowMs).replace(/ ago$/, '')}`;
}

function seriesOf({ minutes }: WatchActivityResponse): Series[] {
  return (['logins', 'calls', 'revocations', 'refusals'] as const).map((name) => ({
    name,
    values: minutes.map((minute) => minute[name]),
  }));
}

function spoken(overview: Overview, { nowMs }: Frame): string[] {
  const { links, logins, refusals } = tables(overview);
  return [
    ...summary(overview, nowMs),
    ...seriesOf(overview.activity).map((series) => `${series.name}: ${seriesSummary(series)}`),
    ...[logins, links, refusals].flatMap((table) => tableInWords(table, nowMs, MAX_SPOKEN_ROWS)),
  ];
}
