/**
 * The stream of every watch (DESIGN 5): the present items, a message that marks the end of this snapshot,
 * then each change.
 */
import { LARGEST_PAGE, pages } from '../../async/pages.ts';
import type { Feed } from '../../feed.ts';
import type { Page } from '../../store/page.ts';

export interface WatchOptions<Item, Change, Message> {
  readonly changes: Feed<Change>;
  readonly signal: AbortSignal;
  /** Omits the snapshot. */
  readonly changesOnly: boolean;
  /** Returns a page of the snapshot. */
  readonly page: (pageSize: number, pageToken: string) => Promise<Page<Item>>;
  readonly present: (item: Item) => Message;
  /** Message that marks the end of the snapshot. */
  readonly done: Message;
  /** Returns the message for a change; undefined when this watcher may not see it or did not ask for it. */
  readonly changed: (change: Change) => Message | undefined;
}

/**
 * Yields the snapshot, then the changes. Subscribes before it reads the snapshot, so no change is lost;
 * changes during the snapshot follow it. Throws SLOW_READER when more changes wait than a Feed keeps.
 */
export async function* watch<Item, Change, Message>(
  options: WatchOptions<Item, Change, Message>,
): AsyncGenerator<Message> {
  const { changes, signal, changesOnly, done, changed } = options;
  const events = changes.subscribe(signal);
  try {
    if (!changesOnly) yield* snapshot(options);
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
}: WatchOptions<Item, Change, Message>): AsyncGenerator<Message> {
  for await (const { items } of pages((pageToken) => page(LARGEST_PAGE, pageToken))) {
    for (const item of items) yield present(item);
    if (signal.aborted) return;
  }
}
