/**
 * A list kept as the server has it. Listens first and asks second, so nothing falls between; tells changes
 * at most ten times a second, however many there are; asks again when something changed that is not here,
 * and spends no more than a fifth of the time on it; begins again by itself when the server was away.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Outage } from '../../src/client/outage.ts';
import { AppError, isAppError } from '../../src/errors.ts';
import type { Change, Query } from '../screen.ts';
import type { Event } from '../state/reduce.ts';
import type { Extent } from '../state/window.ts';
import { loadRows } from './load-rows.ts';
import type { Server } from './server.ts';

const TELL_MS = 100;
const REST_MS = 400;
const REST_PER_WORK = 4;

export class Feed implements Disposable {
  readonly #server: Pick<Server, 'client' | 'hasNewLogin'>;
  readonly #query: Query;
  readonly #tell: (event: Event) => void;
  readonly #control = new AbortController();
  readonly #outage: Outage;
  #wanted: Extent;
  #changes: Change[] = [];
  #telling: NodeJS.Timeout | undefined;
  #toldMs = -Infinity;
  /** Whether what is shown may no longer be so. */
  #isStale = false;
  #isLoading = false;
  #rest: AbortController | undefined;

  constructor(
    server: Pick<Server, 'client' | 'hasNewLogin'>,
    query: Query,
    wanted: Extent,
    tell: (event: Event) => void,
  ) {
    this.#server = server;
    this.#query = query;
    this.#wanted = wanted;
    this.#tell = (event) => {
      if (!this.#control.signal.aborted) tell(event);
    };
    this.#outage = new Outage({
      signal: this.#control.signal,
      giveUpMs: Infinity,
      onProgress: (progress) => {
        if (progress.kind !== 'lost') return;
        this.#tell({ kind: 'connection', connection: { kind: 'lost', why: progress.error.message } });
      },
    });
    void this.#watch();
  }

  /** Another part of the list. */
  want(wanted: Extent): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#refresh();
    this.#rest?.abort();
  }

  [Symbol.dispose](): void {
    this.#control.abort();
    clearTimeout(this.#telling);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#control;
    while (!signal.aborted) {
      try {
        for await (const change of this.#query.screen.watch(this.#server.client, this.#query, signal))
          this.#take(change);
        throw new AppError('UNAVAILABLE', 'the server ended the watch');
      } catch (error) {
        if (signal.aborted || !(await this.#isPassing(error))) return;
      }
    }
  }

  /** Waits for a better time; false when there will be none. */
  async #isPassing(error: unknown): Promise<boolean> {
    if (isAppError(error, 'SLOW_READER')) return true; // what was missed is asked for
    if (await this.#server.hasNewLogin(error)) return true;
    try {
      if (!isAppError(error)) throw error;
      await this.#outage.wait(error);
      return true;
    } catch (final) {
      const why = final instanceof Error ? final.message : String(final);
      this.#tell({ kind: 'connection', connection: { kind: 'over', why } });
      return false;
    }
  }

  #take(change: Change): void {
    if (change.kind === 'begun') {
      this.#outage.isOver();
      this.#tell({ kind: 'connection', connection: { kind: 'live' } });
      this.#refresh();
      this.#rest?.abort();
      return;
    }
    this.#changes.push(change);
    this.#telling ??= setTimeout(
      () => this.#tellChanges(),
      Math.max(0, this.#toldMs + TELL_MS - performance.now()),
    );
  }

  #tellChanges(): void {
    this.#telling = undefined;
    this.#toldMs = performance.now();
    this.#tell({ kind: 'changes', query: this.#query, changes: this.#changes.splice(0) });
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
      this.#rest = new AbortController();
      const began = performance.now();
      await this.#ask();
      const restMs = Math.max(REST_MS, (performance.now() - began) * REST_PER_WORK);
      await delay(restMs, undefined, { signal: AbortSignal.any([signal, this.#rest.signal]) }).catch(
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
      this.#tell({ kind: 'rows', query, asked, rows, total });
    } catch (error) {
      // A server that is away is told of by the watch, which also asks again.
      if (isAppError(error, 'INVALID_ARGUMENT')) this.#tell({ kind: 'note', text: error.message });
    }
  }
}
