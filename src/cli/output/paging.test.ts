import { expect, it } from 'vitest';
import { collect, type Page } from './paging.ts';

function pages(total: number) {
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

it('asks once for the first hundred', async () => {
  const { ask, asked } = pages(2500);
  const listed = await collect({}, ask);
  expect([listed.items.length, listed.total, asked]).toEqual([100, 2500, [100]]);
});

it('joins pages of at most a thousand up to a limit', async () => {
  const { ask, asked } = pages(2500);
  const listed = await collect({ limit: 1500 }, ask);
  expect(listed.items).toEqual(Array.from({ length: 1500 }, (_, at) => at));
  expect(asked).toEqual([1000, 500]);
});

it('brings everything when asked for all', async () => {
  const { ask, asked } = pages(2500);
  const far: [number, number][] = [];
  const listed = await collect({ all: true }, ask, (...reached) => far.push(reached));
  expect(listed.items).toHaveLength(2500);
  expect(far).toEqual([1000, 2000, 2500].map((count) => [count, 2500]));
  expect(asked).toEqual([1000, 1000, 1000]);
});
