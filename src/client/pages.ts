/** Lists of the server, which it answers page by page. */

/** The most items that the server puts on a page. */
export const LARGEST_PAGE = 1000;

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; empty on the last. */
  readonly nextPageToken: string;
  /** How many items all pages have together. */
  readonly total: number;
}

/** Asks for each page with the token of the one before, until there is none or no more are wanted. */
export async function* pages<Page extends { readonly nextPageToken: string }>(
  ask: (pageToken: string) => Promise<Page>,
): AsyncGenerator<Page> {
  let pageToken = '';
  do {
    const page = await ask(pageToken);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

export interface Listed<Item> {
  readonly items: Item[];
  /** How many the server has, asked for or not. */
  readonly total: number;
}

/** The first `count` items, in pages no larger than what is still wanted; `onPage` is told how many are here. */
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
