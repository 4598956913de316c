/**
 * Redraws the first items of a list in place as it changes, as many as fit. Lists again when the server has
 * reported a change, at most ten times a second, and pauses four times as long as that took.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LARGEST_PAGE } from '../../async/pages.ts';
import type { Page } from '../../client/pages.ts';
import type { ReconnectingClient } from '../../client/watch/reconnecting-client.ts';
import { resilientWatch } from '../../client/watch/resilient-watch.ts';
import { isAppError } from '../../errors.ts';
import { columnsInPlace, type PrintedNoun, type Selection } from '../../nouns/noun.ts';
import { LiveScreen } from '../../terminal/live-screen.ts';
import type { Style } from '../../terminal/table.ts';
import { cellsOf } from '../output/listing.ts';
import { type Run, WAITING } from '../run.ts';
import { watchKeys } from './watch-keys.ts';

const PAUSE_MS = 100;
const PAUSE_PER_WORK = 4;
/** Interval of redrawing relative times, in milliseconds. */
const TICK_MS = 1000;
/** Rows for the headings, and for the line below the table. */
const FRAME = 2;

/** The list to draw: which items, in which order, and the most of them. */
export interface DrawnList<Item> {
  readonly noun: PrintedNoun<Item>;
  readonly selection: Selection;
  readonly orderBy: string | undefined;
  readonly limit: number | undefined;
}

/**
 * Resolves with the exit status of the signal or key that ended it. Throws what listing or watching throws.
 */
export async function drawWatch<Item>(run: Run, list: DrawnList<Item>): Promise<number> {
  await using server = await run.out.whileWaiting(WAITING, run.reconnectingClient());
  const stop = new AbortController();
  using table = new WatchedTable(run, server, list, stop.signal);
  // Errors in the command line must be reported before anything is drawn.
  await run.out.whileWaiting(WAITING, table.ask());
  using screen = new LiveScreen(run.io.stdout);
  using keys = watchKeys(run.io, screen, () => table.wake());
  try {
    return await Promise.race([keys.ended, table.watch(), table.keepDrawn(screen)]);
  } finally {
    stop.abort();
  }
}

class WatchedTable<Item> implements Disposable {
  readonly #run: Run;
  readonly #server: ReconnectingClient;
  readonly #list: DrawnList<Item>;
  readonly #signal: AbortSignal;
  readonly #onResize = (): void => {
    this.#isStale = true;
    this.wake();
  };
  #page: Page<Item> = { items: [], nextPageToken: '', total: 0 };
  #isStale = false;
  #problem: string | undefined;
  #wakeUp = Promise.withResolvers<void>();

  constructor(run: Run, server: ReconnectingClient, list: DrawnList<Item>, signal: AbortSignal) {
    this.#run = run;
    this.#server = server;
    this.#list = list;
    this.#signal = signal;
    run.io.stdout.on('resize', this.#onResize);
  }

  wake(): void {
    this.#wakeUp.resolve();
  }

  /** Asks for as many items as fit. */
  async ask(): Promise<void> {
    this.#isStale = false;
    const fit = Math.max(1, (this.#run.io.stdout.rows || 24) - FRAME);
    const { noun, selection, orderBy, limit = fit } = this.#list;
    const pageSize = Math.min(fit, limit, LARGEST_PAGE);
    this.#page = await noun.list(this.#server.client, selection, { orderBy, pageSize, pageToken: '' });
  }

  /** Waits for changes; ends only by failing. */
  async watch(): Promise<never> {
    const signal = this.#signal;
    const { noun, selection } = this.#list;
    const begin = () => noun.watch(this.#server.client, selection, { changesOnly: true, signal });
    const changes = resilientWatch(this.#server, begin, {
      signal,
      onProgress: (progress) => {
        this.#problem = progress.kind === 'lost' ? `${progress.error.message}; trying again` : undefined;
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
      const pauseMs = Math.max(PAUSE_MS, (performance.now() - beganMs) * PAUSE_PER_WORK);
      const tick = new AbortController();
      await delay(pauseMs, undefined, { signal: this.#signal });
      await Promise.race([
        this.#wakeUp.promise,
        delay(TICK_MS, undefined, { signal: tick.signal }).catch(() => {}),
      ]);
      tick.abort();
      this.#wakeUp = Promise.withResolvers();
    }
  }

  /** Ignores an unreachable server, which the watch reports. */
  #askLater(error: unknown): void {
    if (!isAppError(error)) throw error;
    this.#isStale = true;
  }

  #draw(screen: LiveScreen): void {
    const { out } = this.#run;
    const { noun } = this.#list;
    const { items } = this.#page;
    const room = Math.max(0, screen.rows - FRAME);
    const lines = out.tableLines(
      columnsInPlace(noun),
      items.slice(0, room).map((item) => cellsOf(noun, item)),
      screen.columns,
    );
    if (items.length === 0) lines.push(`no ${noun.many}`);
    while (lines.length < room + 1) lines.push('');
    screen.draw([...lines, out.cutLine(this.#status(Math.min(items.length, room)), screen.columns)]);
  }

  #status(shown: number): { text: string; style: Style } {
    if (this.#problem !== undefined) return { text: this.#problem, style: 'bad' };
    const { total } = this.#page;
    const { one, many } = this.#list.noun;
    const count = shown < total ? `${shown} of ${total}` : `${total}`;
    const clock = new Date(this.#run.io.now()).toTimeString().slice(0, 8);
    return { text: `${count} ${total === 1 ? one : many}  ${clock}  q quits`, style: 'dim' };
  }

  [Symbol.dispose](): void {
    this.#run.io.stdout.off('resize', this.#onResize);
  }
}
