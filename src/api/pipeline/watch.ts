/** A watch (DESIGN 5): what there is, a mark that this was all, then every change. */
import { LARGEST_PAGE, pages } from '../../async/pages.ts';
import type { Feed } from '../../feed.ts';
import type { Page } from '../../store/page.ts';

export interface Watching<Item, Change, Message> {
  readonly changes: Feed<Change>;
  readonly signal: AbortSignal;
  /** Without what there is already. */
  readonly changesOnly: boolean;
  /** A page of what is watched; called until the last. */
  readonly page: (pageSize: number, pageToken: string) => Promise<Page<Item>>;
  readonly present: (item: Item) => Message;
  /** The mark that ends the snapshot. */
  readonly done: Message;
  /** What a change is to this watcher; undefined when it is none of its business. */
  readonly changed: (change: Change) => Message | undefined;
}

/**
 * Listens first and looks second, so nothing falls between; what happens during the snapshot comes
 * after it. Throws SLOW_READER when more changes wait than a Feed keeps.
 */
export async function* watch<Item, Change, Message>(
  watching: Watching<Item, Change, Message>,
): AsyncGenerator<Message> {
  const { changes, signal, changesOnly, done, changed } = watching;
  const events = changes.subscribe(signal);
  try {
    if (!changesOnly) yield* snapshot(watching);
    yield done;
    for await (const change of events) {
      const message = changed(change);
      if (message !== undefined) yield message;
    }
  } finally {
    await events.return?.();
  }
}

async function* snapshot<Item, Change, Message>({
  signal,
  page,
  present,
}: Watching<Item, Change, Message>): AsyncGenerator<Message> {
  for await (const { items } of pages((pageToken) => page(LARGEST_PAGE, pageToken))) {
    for (const item of items) yield present(item);
    if (signal.aborted) return;
  }
}
