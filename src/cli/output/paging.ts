/** Pages joined into one list, as long as was asked for. */
import { type Command, InvalidArgumentError } from 'commander';

const DEFAULT_LIMIT = 100;
const LARGEST_PAGE = 1000;

export interface Paging {
  readonly limit?: number;
  readonly all?: boolean;
}

/** One page, as every list of the API answers it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string;
  readonly total: number;
}

export interface Listed<Item> {
  readonly items: Item[];
  /** How many there are in all, shown or not. */
  readonly total: number;
}

/** Adds --limit and --all. */
export function pagingOptions(command: Command): Command {
  return command
    .option('--limit <n>', `show the first n (default: ${DEFAULT_LIMIT})`, positive)
    .option('--all', 'show all there are');
}

/** Asks page after page, each with the size wanted, until there is enough; `onPage` learns how far it is. */
export async function collect<Item>(
  paging: Paging,
  ask: (pageSize: number, pageToken: string) => Promise<Page<Item>>,
  onPage: (count: number, total: number) => void = () => {},
): Promise<Listed<Item>> {
  const wanted = paging.all === true ? Number.POSITIVE_INFINITY : (paging.limit ?? DEFAULT_LIMIT);
  const items: Item[] = [];
  let page: Page<Item>;
  let token = '';
  do {
    page = await ask(Math.min(LARGEST_PAGE, wanted - items.length), token);
    for (const item of page.items) items.push(item);
    token = page.nextPageToken;
    onPage(items.length, page.total);
  } while (token !== '' && items.length < wanted);
  return { items, total: page.total };
}

/** A whole number from 1 on, from an option's text. */
function positive(text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It takes a whole number from 1 on.');
}
