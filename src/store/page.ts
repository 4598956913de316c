/**
 * Long lists in pages (keyset paging): a page begins after the last row of the previous one. A late page
 * costs no more than the first, and rows that come or go shift nothing.
 */
import { createHash } from 'node:crypto';
import { LARGEST_PAGE } from '../async/pages.ts';
import { invalidField } from '../errors.ts';

/** One page. `total` is the number of rows in the whole list when its first page was made. */
export interface Page<T> {
  items: T[];
  nextPageToken: string;
  total: number;
}

/**
 * The page that is requested: its size in rows, 0 for 100, at most 1000 (AIP-158); and the token of the
 * previous page, empty for the first one.
 */
export interface PageQuery {
  readonly pageSize: number;
  readonly pageToken?: string;
}

/** A sort order that a list offers. Equal rows are ordered by id, in the same direction. */
export interface Order<Column extends string> {
  readonly column: Column;
  readonly direction: 'asc' | 'desc';
}

/** A parsed page request: the number of rows, the row to begin after, and a hash of the list's filter. */
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
const MAX_TEXT = 256;

/** Parses "column" or "column desc". Throws INVALID_ARGUMENT for a column that is not offered. */
export function parseOrder<Column extends string>(text: string, columns: readonly Column[]): Order<Column> {
  const [name, direction = 'asc', ...rest] = text.split(' ');
  const column = columns.find((known) => known === name);
  if (column === undefined || rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
    throw invalidField('order_by', `must be one of ${columns.join(', ')}, optionally followed by " desc"`);
  }
  return { column, direction };
}

/**
 * Parses the request for one page. `filter` is the rest of the request: a page token is only valid with
 * the filter it was made for. Throws INVALID_ARGUMENT.
 */
export function planPage(query: PageQuery, filter: unknown): PagePlan {
  const { pageSize } = query;
  if (!Number.isInteger(pageSize) || pageSize < 0) throw invalidField('page_size', 'must not be negative');
  const size = Math.min(pageSize || DEFAULT_SIZE, LARGEST_PAGE);
  const scope = createHash('sha256').update(JSON.stringify(filter)).digest('base64url').slice(0, 16);
  if (!query.pageToken) return { limit: size, scope };
  return { limit: size, scope, after: readToken(query.pageToken, scope) };
}

/** Makes the page from its rows, of which there is one more than the limit when another page follows. */
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

/** Throws INVALID_ARGUMENT when a search text is longer than 256 characters. */
export function checkText(text: string): void {
  checkFilter({ text });
}

/** Checks all texts of a filter like `checkText`: a watch keeps its filter as long as it lasts. */
export function checkFilter(filter: object): void {
  for (const [name, value] of Object.entries(filter)) {
    const isTooLong = typeof value === 'string' && value.length > MAX_TEXT;
    if (isTooLong) throw invalidField(`filter.${snakeCase(name)}`, `must be at most ${MAX_TEXT} characters`);
  }
}

function readToken(token: string, scope: string): Position {
  const [from, value, id, total, ...rest] = parseList(token);
  const isPlace = (typeof value === 'string' || typeof value === 'number') && typeof id === 'string';
  const isCount = typeof total === 'number' && Number.isSafeInteger(total) && total >= 0;
  if (from !== scope || !isPlace || !isCount || rest.length > 0) {
    throw invalidField('page_token', 'belongs to another list; start again without it');
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

/** "linuxUser" -> "linux_user", as the API names it. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
