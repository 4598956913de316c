/**
 * Keeps a list in step with the server. Subscribes before it lists, so that no change is lost; dispatches
 * changes at most ten times a second; lists again after changes, for at most a fifth of the time; restarts by
 * itself after an outage.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../src/errors.ts';
import type { Change, Query } from '../screen.ts';
import type { Event } from '../state/update.ts';
import { type Extent, emptyWindow } from '../state/window.ts';
import { loadRows } from './load-rows.ts';
import { type WatchedServer, watchWithStatus } from './watch-with-status.ts';

const DISPATCH_MS = 100;
const PAUSE_MS = 400;
const PAUSE_PER_WORK = 4;

export class Feed implements Disposable {
  readonly #server: WatchedServer;
  readonly #query: Query;
  readonly #dispatch: (event: Event) => void;
  readonly #control = new AbortController();
  #wanted = emptyWindow.wanted;
  #changes: Change[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #listTimer: NodeJS.Timeout | undefined;
  #lastDispatchMs = -Infinity;
  /** True when the shown rows may be outdated. */
  #isStale = false;
  #isLoading = false;
  #pause: AbortController | undefined;

  constructor(server: WatchedServer, query: Query, dispatch: (event: Event) => void) {
    this.#server = server;
    this.#query = query;
    this.#dispatch = (event) => {
      if (!this.#control.signal.aborted) dispatch(event);
    };
    const { listAgainMs } = query.screen;
    if (listAgainMs !== undefined) this.#listTimer = setInterval(() => this.#refresh(), listAgainMs);
    void this.#watch();
  }

  /** Asks for another part of the list. */
  want(wanted: Extent): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#refresh();
    this.#pause?.abort();
  }

  [Symbol.dispose](): void {
    this.#control.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#listTimer);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#control;
    const { screen } = this.#query;
    const begin = () => screen.watch(this.#server.client, this.#query, signal);
    for await (const change of watchWithStatus(this.#server, begin, signal, this.#dispatch))
      this.#take(change);
  }

  #take(change: Change): void {
    if (change.kind === 'complete') {
      this.#dispatch({ kind: 'connection', connection: { kind: 'live' } });
      this.#refresh();
      this.#pause?.abort();
      return;
    }
    this.#changes.push(change);
    this.#timer ??= setTimeout(
      () => this.#dispatchChanges(),
      Math.max(0, this.#lastDispatchMs + DISPATCH_MS - performance.now()),
    );
  }

  #dispatchChanges(): void {
    this.#timer = undefined;
    this.#lastDispatchMs = performance.now();
    this.#dispatch({ kind: 'changes', query: this.#query, changes: this.#changes.splice(0) });
    this.#refresh();
  }

  #refresh(): void {
    this.#isStale = true;
    if (!this.#isLoading) void this.#load();
  }

  async #load(): Promise<void> {
    const { signal } = this.#control;
    this.#isLoading = true;
    while (this.#isStale && !signal.aborted) {
      this.#isStale = false;
      this.#pause = new AbortController();
      const began = performance.now();
      await this.#ask();
      const pauseMs = Math.max(PAUSE_MS, (performance.now() - began) * PAUSE_PER_WORK);
      await delay(pauseMs, undefined, { signal: AbortSignal.any([signal, this.#pause.signal]) }).catch(
        () => {},
      );
    }
    this.#isLoading = false;
  }

  async #ask(): Promise<void> {
    const asked = this.#wanted;
    const query = this.#query;
    try {
      const { rows, total } = await loadRows(this.#server.client, query, asked, this.#control.signal);
      this.#dispatch({ kind: 'rows', query, asked, rows, total });
    } catch (error) {
      // The watch reports an unreachable server, and lists again when it is back.
      if (isAppError(error, 'INVALID_ARGUMENT')) this.#dispatch({ kind: 'note', text: error.message });
    }
  }
}
