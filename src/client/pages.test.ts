import { expect, it } from 'vitest';
import { firstItems, type Page } from './pages.ts';

/** A list of `total` numbers, and the sizes of the pages that were asked for. */
function site(total: number) {
  const asked: number[] = [];
  const ask = async (pageSize: number, pageToken: string): Promise<Page<number>> => {
    asked.push(pageSize);
    const from = Number(pageToken || 0);
    const items = Array.from({ length: Math.min(pageSize, total - from) }, (_, at) => from + at);
    const next = from + items.length;
    return { items, total, nextPageToken: next < total ? String(next) : '' };
  };
  return { ask, asked };
}

it('asks once for items that fit one page', async () => {
  const { ask, asked } = site(2500);
  const listed = await firstItems(100, ask);
  expect([listed.items.length, listed.total, asked]).toEqual([100, 2500, [100]]);
});

it('joins pages of at most a thousand items', async () => {
  const { ask, asked } = site(2500);
  const listed = await firstItems(1500, ask);
  expect(listed.items).toEqual(Array.from({ length: 1500 }, (_, at) => at));
  expect(asked).toEqual([1000, 500]);
});

it('fetches all items when all are wanted, and reports progress', async () => {
  const { ask, asked } = site(2500);
  const far: [number, number][] = [];
  const listed = await firstItems(Infinity, ask, (...reached) => far.push(reached));
  expect(listed.items).toHaveLength(2500);
  expect(far).toEqual([1000, 2000, 2500].map((count) => [count, 2500]));
  expect(asked).toEqual([1000, 1000, 1000]);
});
