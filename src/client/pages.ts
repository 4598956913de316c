/** Reads lists that the server returns page by page. */
import { LARGEST_PAGE, pages } from '../async/pages.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Token of the next page; empty on the last page. */
  readonly nextPageToken: string;
  /** Number of items on all pages together. */
  readonly total: number;
}

export interface Listed<Item> {
  readonly items: Item[];
  /** Number of items that the server has, including those not fetched. */
  readonly total: number;
}

/**
 * Fetches the first `count` items, in pages no larger than needed. `onPage` is called with the number
 * fetched so far and the total.
 */
export async function firstItems<Item>(
  count: number,
  ask: (pageSize: number, pageToken: string) => Promise<Page<Item>>,
  onPage: (count: number, total: number) => void = () => {},
): Promise<Listed<Item>> {
  const items: Item[] = [];
  let total = 0;
  for await (const page of pages((token) => ask(Math.min(LARGEST_PAGE, count - items.length), token))) {
    for (const item of page.items) items.push(item);
    total = page.total;
    onPage(items.length, total);
    if (items.length >= count) break;
  }
  return { items, total };
}
