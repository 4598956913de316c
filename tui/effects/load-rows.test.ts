import { expect, it } from 'vitest';
import type { PageRequest, Query } from '../screen.ts';
import { tokens } from '../screens/tokens.ts';
import { loadRows } from './load-rows.ts';

/** Returns a list of 2,500 tokens, and collects the sizes of the pages that were asked for. */
function site() {
  const asked: number[] = [];
  const page = async (_client: unknown, { query, pageSize, pageToken }: PageRequest) => {
    if (pageSize < 1) throw new Error('a page of nothing');
    asked.push(pageSize);
    const from = Number(pageToken);
    const to = Math.min(2500, from + pageSize);
    const items = Array.from({ length: to - from }, (_, at) => {
      const number = query.order?.descending ? from + at : 2499 - from - at;
      return { id: `${number}`, title: '', cells: [], fields: [] };
    });
    return { items, nextPageToken: to < 2500 ? `${to}` : '', total: 2500 };
  };
  const query: Query = { screen: { ...tokens, page }, scope: {}, filter: '', order: tokens.order };
  return { query, asked };
}

it.for([
  ['start', 200, [200], ['0', '199']],
  ['start', 1200, [1000, 200], ['0', '1199']],
  ['end', 1200, [1000, 200], ['1300', '2499']],
  ['start', 6400, [1000, 1000, 1000], ['0', '2499']],
] as const)(
  'loads from the %s as many rows as are wanted, %i, and no more',
  async ([from, count, sizes, ends]) => {
    const { query, asked } = site();
    const { rows, total } = await loadRows(
      undefined as never,
      query,
      { from, count },
      new AbortController().signal,
    );
    expect([asked, total, rows.at(0)?.id, rows.at(-1)?.id]).toEqual([sizes, 2500, ...ends]);
  },
);
