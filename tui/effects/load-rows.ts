/** A part of a list from the server, from its start or up to its end. */
import type { Client } from '../../src/client/connect/connect.ts';
import { LARGEST_PAGE, pages } from '../../src/client/pages.ts';
import type { Query, Row } from '../screen.ts';
import type { Extent } from '../state/window.ts';

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
  const ask = (pageToken: string) => {
    const pageSize = Math.min(LARGEST_PAGE, count - rows.length);
    return query.screen.page(client, { query: asked, pageSize, pageToken, signal });
  };
  for await (const page of pages(ask)) {
    rows.push(...page.rows);
    total = page.total;
    if (rows.length >= count) break;
  }
  return { rows: from === 'start' ? rows : rows.reverse(), total: Math.max(total, rows.length) };
}

function turned(query: Query): Query {
  const { order } = query;
  return order === undefined ? query : { ...query, order: { ...order, descending: !order.descending } };
}
