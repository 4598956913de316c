import { expect, it } from 'vitest';
import { pages } from './pages.ts';

/** A list of `count` pages that records the page tokens of the requests. */
function listOf(count: number) {
  const asked: string[] = [];
  const ask = async (pageToken: string) => {
    asked.push(pageToken);
    const next = asked.length;
    return { row: next, nextPageToken: next < count ? `after ${next}` : '' };
  };
  return { asked, ask };
}

it('requests each page with the token of the previous one, up to the last', async () => {
  const { asked, ask } = listOf(3);
  const rows: number[] = [];
  for await (const { row } of pages(ask)) rows.push(row);
  expect(rows).toEqual([1, 2, 3]);
  expect(asked).toEqual(['', 'after 1', 'after 2']);
});

it('requests no page after the caller has stopped', async () => {
  const { asked, ask } = listOf(3);
  for await (const { row } of pages(ask)) if (row === 2) break;
  expect(asked).toEqual(['', 'after 1']);
});
