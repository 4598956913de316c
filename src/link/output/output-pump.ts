/**
 * Moves a program's output from its pipes to its log, whether or not it is read. Waits only for readers that
 * hold the program, and while the disk is full.
 */
import { reasonOf } from '../../errno.ts';
import { Stream } from '../../generated/latchkey/link/v1/link.ts';
import { type Next, type Watch, watchReadable } from '../../native/readable.ts';
import type { OutputLog } from './output-log.ts';

const RETRY_MS = 1000;
/**
 * Time without a byte after which nothing of a terminal's program that has ended is on its way into the
 * pipe. Matters only when other processes keep the terminal open: otherwise the pipe ends.
 */
const TERMINAL_QUIET_MS = 500;
/** A reader that a terminal's program waits for is behind by no more, so that ^C has an effect soon. */
const TERMINAL_LAG_BYTES = 128 * 1024;
/** Capacity of a pipe at most, unless root raised it: pipe(7), pipe-max-size. */
const PIPE_MAX_BYTES = 1024 * 1024;

/** A reader that the program waits for. */
export interface HoldingReader {
  /** Offset of the next byte to be read. */
  readonly offset: number;
}

/** Callbacks of the pump. */
export interface PumpEvents {
  moved(): void;
  /** Called once, after `finish`, when all that the program itself printed is in the log. */
  drained(): void;
  /** Called once, when no process can print any more and the pipes are closed. */
  ended(): void;
  warning(text: string): void;
}

interface Source {
  readonly fd: number;
  readonly stream: Stream;
  readonly watch: Watch;
  open: boolean;
  waiting: boolean;
  /** Bytes in the pipe that may still be the program's own; set by `finish`. */
  owed: number;
}

export class OutputPump {
  readonly #log: OutputLog;
  readonly #events: PumpEvents;
  readonly #sources: Source[];
  readonly #held = new Set<HoldingReader>();
  /** Bytes that a reader which holds the program may be behind. */
  readonly #lag: number;
  /** True while an empty pipe does not say that all of the program's output is in the log. */
  #isDelayed: boolean;
  #quiet: NodeJS.Timeout | undefined;
  #finishing = false;
  #drained = false;
  #warned = false;
  #retry: NodeJS.Timeout | undefined;

  /** Takes ownership of the descriptors; without `errors`, the output is that of a terminal. */
  constructor(
    log: OutputLog,
    { output, errors }: { readonly output: number; readonly errors: number | undefined },
    events: PumpEvents,
  ) {
    this.#log = log;
    this.#events = events;
    this.#isDelayed = errors === undefined;
    this.#lag = Math.min(log.limit / 2, this.#isDelayed ? TERMINAL_LAG_BYTES : Number.POSITIVE_INFINITY);
    this.#sources = [this.#source(output, Stream.STDOUT)];
    if (errors !== undefined) this.#sources.push(this.#source(errors, Stream.STDERR));
  }

  /**
   * Makes the program wait whenever `reader` is behind by more than half the log's limit; with a terminal, by
   * more than 128 KiB.
   */
  hold(reader: HoldingReader): void {
    this.#held.add(reader);
  }

  release(reader: HoldingReader): void {
    if (this.#held.delete(reader)) this.resume();
  }

  /** Called after a reader that holds the program has read more. */
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
   * Called when the program has ended: moves what it left in the pipes, at most the capacity of each, since
   * other processes may keep writing to them.
   */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    if (this.#isDelayed) this.#quiet = setTimeout(() => this.#onQuiet(), TERMINAL_QUIET_MS).unref();
    // Both before one is drained: all is in the log only when neither owes anything.
    for (const source of this.#sources) {
      source.owed = source.open ? PIPE_MAX_BYTES : 0;
      source.waiting = false;
    }
    for (const source of this.#sources) this.#drain(source);
    this.#checkDrained();
  }

  /** After `finish`: stops waiting for disk space, and loses the output that there is no space for. */
  giveUp(): void {
    if (this.#retry === undefined) return;
    this.#events.warning('the disk is full: the last of the output is lost');
    for (const source of this.#sources) source.owed = 0;
    this.#checkDrained();
  }

  close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#quiet);
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
      const { owed } = source;
      const next = this.#move(source);
      if (next === 'end') source.watch.close();
      if (source.owed === owed) break;
    }
    if (source.open && !source.waiting) source.watch.resume();
  }

  #move(source: Source): Next {
    if (!source.open) return 'end';
    if (this.#retry !== undefined || this.#mustWait()) return this.#wait(source);
    try {
      const moved = this.#log.append(source.fd, source.stream);
      if (moved === 'end') return this.#close(source);
      if (moved !== 'empty') this.#moved(source, moved);
      else if (!this.#isDelayed) source.owed = 0;
    } catch (error) {
      return this.#stalled(source, error);
    }
    return 'more';
  }

  #onQuiet(): void {
    if (this.#sources.some(({ waiting }) => waiting)) this.#quiet?.refresh();
    else this.#endDelay();
  }

  #endDelay(): void {
    this.#isDelayed = false;
    for (const source of this.#sources) this.#drain(source);
    this.#checkDrained();
  }

  #moved(source: Source, bytes: number): void {
    source.owed = Math.max(0, source.owed - bytes);
    this.#quiet?.refresh();
    this.#warned = false;
    this.#events.moved();
  }

  /**
   * After `finish`, the rest of the output may exceed half the limit, as long as no reader that holds the
   * program loses bytes.
   */
  #mustWait(): boolean {
    const { end, limit, maxMove } = this.#log;
    const reach = this.#finishing ? end + maxMove - limit : end - this.#lag;
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

  /** Keeps the bytes in the pipe, which makes the program wait, and tries again each second. */
  #stalled(source: Source, error: unknown): Next {
    if (!this.#warned)
      this.#events.warning(`output cannot be written to disk (${reasonOf(error)}); the program waits`);
    this.#warned = true;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.resume();
    }, RETRY_MS).unref();
    return this.#wait(source);
  }
}
