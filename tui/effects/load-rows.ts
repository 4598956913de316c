/** Loads a part of a list from the server, from its start or up to its end. */
import type { Client } from '../../src/client/connect/connect.ts';
import { firstItems } from '../../src/client/pages.ts';
import type { Query, Row } from '../screen.ts';
import type { Extent } from '../state/window.ts';

/** Returns at most `wanted.count` rows in the order of the list, and the total number of rows. */
export async function loadRows(
  client: Client,
  query: Query,
  { from, count }: Extent,
  signal: AbortSignal,
): Promise<{ rows: Row[]; total: number }> {
  const directed = from === 'start' ? query : reversed(query);
  const { items: rows, total } = await firstItems(count, (pageSize, pageToken) =>
    query.screen.page(client, { query: directed, pageSize, pageToken, signal }),
  );
  return { rows: from === 'start' ? rows : rows.reverse(), total: Math.max(total, rows.length) };
}

function reversed(query: Query): Query {
  const { order } = query;
  return order === undefined ? query : { ...query, order: { ...order, descending: !order.descending } };
}
