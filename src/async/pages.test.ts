import { expect, it } from 'vitest';
import { pages } from './pages.ts';

/** A list of `count` pages that notes the tokens it is asked with. */
function listOf(count: number) {
  const asked: string[] = [];
  const ask = async (pageToken: string) => {
    asked.push(pageToken);
    const next = asked.length;
    return { row: next, nextPageToken: next < count ? `behind ${next}` : '' };
  };
  return { asked, ask };
}

it('asks for each page with the token of the one before, to the last', async () => {
  const { asked, ask } = listOf(3);
  const rows: number[] = [];
  for await (const { row } of pages(ask)) rows.push(row);
  expect(rows).toEqual([1, 2, 3]);
  expect(asked).toEqual(['', 'behind 1', 'behind 2']);
});

it('asks for no page that nobody wants', async () => {
  const { asked, ask } = listOf(3);
  for await (const { row } of pages(ask)) if (row === 2) break;
  expect(asked).toEqual(['', 'behind 1']);
});
