/**
 * Moves what a program prints from its pipes to its log, whether or not anybody reads. It waits
 * for two things only: readers that asked to be waited for, and a disk that is full.
 */
import { codeOf } from '../../errno.ts';
import { Stream } from '../../generated/latchkey/link/v1/link.ts';
import { type Next, type Watch, watchReadable } from '../../native/readable.ts';
import type { OutputLog } from './output-log.ts';

const RETRY_MS = 1000;
/** A pipe holds at most this much, unless root made it larger: pipe(7), pipe-max-size. */
const PIPE_MAX_BYTES = 1024 * 1024;

/** A reader that the program is to wait for. */
export interface Held {
  /** Offset of the next byte that it has not had. */
  readonly offset: number;
}

/** Whom the pump tells. */
export interface PumpEvents {
  moved(): void;
  /** After `finish`: all that the program itself printed is in the log. Once. */
  drained(): void;
  /** Nobody can print any more; the pipes are closed. Once. */
  ended(): void;
  warning(text: string): void;
}

interface Source {
  readonly fd: number;
  readonly stream: Stream;
  readonly watch: Watch;
  open: boolean;
  waiting: boolean;
  /** Bytes that may still be the program's own; set by `finish`. */
  owed: number;
}

export class OutputPump {
  readonly #log: OutputLog;
  readonly #events: PumpEvents;
  readonly #sources: Source[];
  readonly #held = new Set<Held>();
  #finishing = false;
  #drained = false;
  #warned = false;
  #retry: NodeJS.Timeout | undefined;

  /** The descriptors are the pump's from now on. */
  constructor(log: OutputLog, pipes: { output: number; errors: number }, events: PumpEvents) {
    this.#log = log;
    this.#events = events;
    this.#sources = [this.#source(pipes.output, Stream.STDOUT), this.#source(pipes.errors, Stream.STDERR)];
  }

  /** Do not let `reader` fall behind by more than half the log's limit. */
  hold(reader: Held): void {
    this.#held.add(reader);
  }

  release(reader: Held): void {
    if (this.#held.delete(reader)) this.resume();
  }

  /** To be called when a held reader has got on. */
  resume(): void {
    if (this.#retry !== undefined || this.#mustWait()) return;
    for (const source of this.#sources.filter(({ waiting }) => waiting)) {
      source.waiting = false;
      if (this.#finishing) this.#drain(source);
      else source.watch.resume();
    }
    this.#checkDrained();
  }

  /**
   * The program is over: moves what it has left in the pipes, which may be without end for others have
   * them too.
   */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    for (const source of this.#sources) {
      source.owed = source.open ? PIPE_MAX_BYTES : 0;
      source.waiting = false;
      this.#drain(source);
    }
    this.#checkDrained();
  }

  /** After `finish`: does not wait for room on the disk any longer, and loses what there is none for. */
  giveUp(): void {
    if (this.#retry === undefined) return;
    this.#events.warning('the disk had no room for the last of the output');
    for (const source of this.#sources) source.owed = 0;
    this.#checkDrained();
  }

  close(): void {
    clearTimeout(this.#retry);
    for (const source of this.#sources) {
      source.open = false;
      source.watch.close();
    }
  }

  #source(fd: number, stream: Stream): Source {
    const watch = watchReadable(fd, () => this.#move(source));
    const source: Source = { fd, stream, watch, open: true, waiting: false, owed: 0 };
    return source;
  }

  #drain(source: Source): void {
    while (source.open && !source.waiting && source.owed > 0) {
      const next = this.#move(source);
      if (next === 'end') source.watch.close();
    }
    if (source.open && !source.waiting) source.watch.resume();
  }

  #move(source: Source): Next {
    if (!source.open) return 'end';
    if (this.#retry !== undefined || this.#mustWait()) return this.#wait(source);
    try {
      const moved = this.#log.append(source.fd, source.stream);
      if (moved === 'end') return this.#close(source);
      source.owed = moved === 'empty' ? 0 : Math.max(0, source.owed - moved);
      if (moved !== 'empty') this.#moved();
    } catch (error) {
      return this.#stalled(source, error);
    }
    this.#checkDrained();
    return 'more';
  }

  #moved(): void {
    this.#warned = false;
    this.#events.moved();
  }

  /** What is left at the end is not much, and is let in as long as nothing is dropped for it. */
  #mustWait(): boolean {
    const { end, limit, maxMove } = this.#log;
    const reach = this.#finishing ? end + maxMove - limit : end - limit / 2;
    for (const { offset } of this.#held) if (offset < reach) return true;
    return false;
  }

  #wait(source: Source): Next {
    source.waiting = true;
    return 'pause';
  }

  #close(source: Source): Next {
    source.open = false;
    source.owed = 0;
    this.#checkDrained();
    if (this.#sources.every(({ open }) => !open)) queueMicrotask(() => this.#events.ended());
    return 'end';
  }

  #checkDrained(): void {
    if (!this.#finishing || this.#drained) return;
    if (this.#sources.some(({ open, owed }) => open && owed > 0)) return;
    this.#drained = true;
    this.#events.drained();
  }

  /** The bytes wait in the pipe, and the program with them, until the disk takes them. */
  #stalled(source: Source, error: unknown): Next {
    const code = codeOf(error) ?? 'unknown';
    if (!this.#warned) this.#events.warning(`the disk does not take the output (${code}); the program waits`);
    this.#warned = true;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.resume();
    }, RETRY_MS).unref();
    return this.#wait(source);
  }
}
