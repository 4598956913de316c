/**
 * Long lists in pages. A page begins behind the last row of the one before (keyset paging), so a
 * late page costs no more than the first, and rows that come or go meanwhile shift nothing.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';

/** One page; `total` counts what the filter picked when the first page was made. */
export interface Page<T> {
  items: T[];
  nextPageToken: string;
  total: number;
}

/** Which page: 1 to 1000 rows, 0 for 100; the token from the page before, empty for the first. */
export interface PageQuery {
  readonly pageSize: number;
  readonly pageToken?: string;
}

/** An order that a list offers; the row's id decides between equals, in the same direction. */
export interface Order<Column extends string> {
  readonly column: Column;
  readonly direction: 'asc' | 'desc';
}

/** The page asked for: how many rows, behind which one, and what all pages have in common. */
export interface PagePlan {
  readonly limit: number;
  readonly scope: string;
  readonly after?: Position;
}

interface Position {
  readonly value: string | number;
  readonly id: string;
  readonly total: number;
}

const DEFAULT_SIZE = 100;
const MAX_SIZE = 1000;
const MAX_TEXT = 256;

/** "column" or "column desc", of the columns offered. Throws INVALID_ARGUMENT. */
export function parseOrder<Column extends string>(text: string, columns: readonly Column[]): Order<Column> {
  const [name, direction = 'asc', ...rest] = text.split(' ');
  const column = columns.find((known) => known === name);
  if (column === undefined || rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
    throw invalid(`order_by: one of ${columns.join(', ')}, with " desc" behind it to turn it round`);
  }
  return { column, direction };
}

/**
 * The plan for one page. `filter` is everything else that was asked: a token goes on with the
 * list it came from and with no other. Throws INVALID_ARGUMENT.
 */
export function planPage(query: PageQuery, filter: unknown): PagePlan {
  const size = query.pageSize === 0 ? DEFAULT_SIZE : query.pageSize;
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) throw invalid(`page_size: 1 to ${MAX_SIZE}`);
  const scope = createHash('sha256').update(JSON.stringify(filter)).digest('base64url').slice(0, 16);
  if (!query.pageToken) return { limit: size, scope };
  return { limit: size, scope, after: readToken(query.pageToken, scope) };
}

/** The page from its rows and, where there is one more, the row behind it. */
export function finishPage<Row>(
  plan: PagePlan,
  rows: Row[],
  total: number,
  positionOf: (row: Row) => [value: string | number, id: string],
): Page<Row> {
  const items = rows.slice(0, plan.limit);
  const last = items.at(-1);
  if (rows.length <= plan.limit || last === undefined) return { items, nextPageToken: '', total };
  const token = JSON.stringify([plan.scope, ...positionOf(last), total]);
  return { items, nextPageToken: Buffer.from(token).toString('base64url'), total };
}

/** Throws INVALID_ARGUMENT for a text to be found that is longer than any name. */
export function checkText(text: string): void {
  checkFilter({ text });
}

/** The same for every text of a filter, which a watch keeps for as long as it goes on. */
export function checkFilter(filter: object): void {
  for (const [name, value] of Object.entries(filter)) {
    const isTooLong = typeof value === 'string' && value.length > MAX_TEXT;
    if (isTooLong) throw invalid(`${name}: ${MAX_TEXT} characters at most`);
  }
}

function readToken(token: string, scope: string): Position {
  const [from, value, id, total, ...rest] = parseList(token);
  const isPlace = (typeof value === 'string' || typeof value === 'number') && typeof id === 'string';
  const isCount = typeof total === 'number' && Number.isSafeInteger(total) && total >= 0;
  if (from !== scope || !isPlace || !isCount || rest.length > 0) {
    throw invalid('page_token: not one of this list; begin again without it');
  }
  return { value, id, total };
}

function parseList(token: string): unknown[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function invalid(message: string): AppError {
  return new AppError('INVALID_ARGUMENT', message);
}
