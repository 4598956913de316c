/**
 * A list drawn again in place as it changes: the first of it, as many as fit. The server is asked for them anew when
 * it has told of a change, at most ten times a second, and is given four times as long as it took for other work.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LARGEST_PAGE, type Page } from '../../client/pages.ts';
import type { ReconnectingClient } from '../../client/watch/reconnecting-client.ts';
import { resilientWatch } from '../../client/watch/resilient-watch.ts';
import { isAppError } from '../../errors.ts';
import { LiveScreen } from '../../terminal/live-screen.ts';
import type { Style } from '../../terminal/table.ts';
import type { Paging } from '../output/paging.ts';
import type { Listing } from '../output/view.ts';
import { ASKING, type Run } from '../run.ts';
import { watchKeys } from './watch-keys.ts';

const REST_MS = 100;
const REST_PER_WORK = 4;
/** Moments are said relative to now. */
const TICK_MS = 1000;
/** The headings, and the line below the table. */
const FRAME = 2;

/** Resolves with the status of the signal or key that ended it. Throws as a list does, and what ends a watch. */
export async function drawWatch<Item, Options extends object>(
  run: Run,
  options: Options & Paging,
  listing: Listing<Item, Options>,
): Promise<number> {
  await using server = await run.out.whileWaiting(ASKING, run.lastingClient());
  const stop = new AbortController();
  using table = new WatchedTable(run, server, options, listing, stop.signal);
  await run.out.whileWaiting(ASKING, table.ask()); // what is wrong with the words is said before anything is drawn
  using screen = new LiveScreen(run.io.stdout);
  using keys = watchKeys(run.io, screen, () => table.wake());
  try {
    return await Promise.race([keys.ended, table.watch(), table.keepDrawn(screen)]);
  } finally {
    stop.abort();
  }
}

class WatchedTable<Item, Options extends object> implements Disposable {
  readonly #run: Run;
  readonly #server: ReconnectingClient;
  readonly #options: Options & Paging;
  readonly #listing: Listing<Item, Options>;
  readonly #signal: AbortSignal;
  readonly #onResize = (): void => {
    this.#isStale = true;
    this.wake();
  };
  #page: Page<Item> = { items: [], nextPageToken: '', total: 0 };
  #isStale = false;
  #trouble: string | undefined;
  #woken = Promise.withResolvers<void>();

  constructor(
    run: Run,
    server: ReconnectingClient,
    options: Options & Paging,
    listing: Listing<Item, Options>,
    signal: AbortSignal,
  ) {
    this.#run = run;
    this.#server = server;
    this.#options = options;
    this.#listing = listing;
    this.#signal = signal;
    run.io.stdout.on('resize', this.#onResize);
  }

  wake(): void {
    this.#woken.resolve();
  }

  /** Asks for as many as fit. */
  async ask(): Promise<void> {
    this.#isStale = false;
    const fit = Math.max(1, (this.#run.io.stdout.rows || 24) - FRAME);
    const pageSize = Math.min(fit, this.#options.limit ?? fit, LARGEST_PAGE);
    this.#page = await this.#listing.page(this.#server.client, this.#options, { pageSize, pageToken: '' });
  }

  /** Learns of changes; ends only by failing. */
  async watch(): Promise<never> {
    const signal = this.#signal;
    const begin = () =>
      this.#listing.changes(this.#server.client, this.#options, { changesOnly: true, signal });
    const changes = resilientWatch(this.#server, begin, {
      signal,
      onProgress: (progress) => {
        this.#trouble = progress.kind === 'lost' ? `${progress.error.message}; trying again` : undefined;
        this.wake();
      },
    });
    for await (const _ of changes) {
      this.#isStale = true;
      this.wake();
    }
    return new Promise<never>(() => {}); // stopped
  }

  async keepDrawn(screen: LiveScreen): Promise<never> {
    for (;;) {
      const beganMs = performance.now();
      if (this.#isStale) await this.ask().catch((error) => this.#askLater(error));
      this.#draw(screen);
      const restMs = Math.max(REST_MS, (performance.now() - beganMs) * REST_PER_WORK);
      const tick = new AbortController();
      await delay(restMs, undefined, { signal: this.#signal });
      await Promise.race([
        this.#woken.promise,
        delay(TICK_MS, undefined, { signal: tick.signal }).catch(() => {}),
      ]);
      tick.abort();
      this.#woken = Promise.withResolvers();
    }
  }

  /** A server that is away is told of by the watch. */
  #askLater(error: unknown): void {
    if (!isAppError(error)) throw error;
    this.#isStale = true;
  }

  #draw(screen: LiveScreen): void {
    const { out } = this.#run;
    const { columns, nouns, row } = this.#listing;
    const { items } = this.#page;
    const room = Math.max(0, screen.rows - FRAME);
    const lines = out.tableLines(
      columns.map((column, at) => (at === 0 ? { ...column, shrinks: true } : column)),
      items.slice(0, room).map((item) => row(out, item)),
      screen.columns,
    );
    if (items.length === 0) lines.push(`no ${nouns}`);
    while (lines.length < room + 1) lines.push('');
    screen.draw([...lines, out.cutLine(this.#status(Math.min(items.length, room)), screen.columns)]);
  }

  #status(shown: number): { text: string; style: Style } {
    if (this.#trouble !== undefined) return { text: this.#trouble, style: 'bad' };
    const { total } = this.#page;
    const { noun, nouns } = this.#listing;
    const count = shown < total ? `${shown} of ${total}` : `${total}`;
    const clock = new Date(this.#run.io.now()).toTimeString().slice(0, 8);
    return { text: `${count} ${total === 1 ? noun : nouns}  ${clock}  q ends`, style: 'dim' };
  }

  [Symbol.dispose](): void {
    this.#run.io.stdout.off('resize', this.#onResize);
  }
}
