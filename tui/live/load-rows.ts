/** A part of a list from the server, from its start or up to its end. */
import type { Client } from '../../src/client/connect.ts';
import type { Query, Row } from '../screen.ts';
import type { Extent } from '../state/window.ts';

/** The most the server gives at a time. */
const LARGEST_PAGE = 1000;

/** `wanted.count` rows, fewer where there are no more, in the order of the list; and how many there are in all. */
export async function loadRows(
  client: Client,
  query: Query,
  { from, count }: Extent,
  signal: AbortSignal,
): Promise<{ rows: Row[]; total: number }> {
  const asked = from === 'start' ? query : turned(query);
  const rows: Row[] = [];
  let total = 0;
  let pageToken = '';
  do {
    const pageSize = Math.min(LARGEST_PAGE, count - rows.length);
    const page = await query.screen.page(client, { query: asked, pageSize, pageToken, signal });
    rows.push(...page.rows);
    total = page.total;
    pageToken = page.next;
  } while (pageToken !== '' && rows.length < count);
  return { rows: from === 'start' ? rows : rows.reverse(), total: Math.max(total, rows.length) };
}

function turned(query: Query): Query {
  const { order } = query;
  return order === undefined ? query : { ...query, order: { ...order, descending: !order.descending } };
}
