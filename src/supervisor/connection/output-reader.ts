/**
 * One reader of a session's output. Credit says how much the link may send ahead: a reader that
 * does not take holds back its own output and nothing else (no other reader, no signal).
 */
import { Condition } from '../../async/condition.ts';
import { AppError } from '../../errors.ts';
import { type Output, type ReadEnd, Stream } from '../../generated/latchkey/link/v1/link.ts';
import { creditFor } from '../../link-protocol/protocol.ts';

/** How far, in bytes, a link may be ahead of a reader: more brings no speed, less costs turns. */
const SMALLEST_WINDOW_BYTES = 32 * 1024;
const LARGEST_WINDOW_BYTES = 512 * 1024;
/** What those who read from one link share, if they are many. */
const SHARED_BYTES = 16 * 1024 * 1024;
/** Credit goes back in parts of the window, so that small output costs few frames. */
const RETURNS = 4;

/** How far a link may be ahead of a reader who comes to `others`: all that do not read hold 80 MiB a thousand. */
export function windowBeside(others: number): number {
  const share = Math.floor(SHARED_BYTES / (others + 1));
  return Math.min(LARGEST_WINDOW_BYTES, Math.max(SMALLEST_WINDOW_BYTES, share));
}

/** `data` may be overwritten once the next piece is asked for. */
export interface OutputPiece {
  /** Where it lies in all that the session printed, in bytes. */
  readonly offset: number;
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

/** How a reading ended: `exited` when the session is over, its status when somebody saw it. */
export interface OutputEnd {
  readonly exited?: { readonly status?: number };
}

export class OutputReader {
  #waiting: OutputPiece[] = [];
  #window: number;
  readonly #returnBytes: number;
  #taken = 0;
  #end: OutputEnd | undefined;
  #error: Error | undefined;
  /** A piece has come, or the end. */
  readonly #changed = new Condition();

  /** `window` says how many bytes the link may be ahead. */
  constructor(window: number) {
    this.#window = window;
    this.#returnBytes = window / RETURNS;
  }

  /** A piece has come. Throws INVALID_ARGUMENT when the link sent more than it may. */
  push({ offset, stream, data }: Output): void {
    if (this.#window <= 0 || data.length > this.#window)
      throw new AppError('INVALID_ARGUMENT', 'more output than there was credit');
    this.#window -= creditFor(data.length);
    this.#waiting.push({ offset, stream: stream === Stream.STDERR ? 'stderr' : 'stdout', data });
    this.#changed.notify();
  }

  finish({ exited }: ReadEnd): void {
    this.#end = exited ? { exited: statusOf(exited.status) } : {};
    this.#changed.notify();
  }

  /** Ends the reading with `error`, behind what has come. */
  fail(error: Error): void {
    this.#error = error;
    this.#changed.notify();
  }

  get isOver(): boolean {
    return this.#end !== undefined || this.#error !== undefined;
  }

  /**
   * The pieces in order. `taken` gets the bytes of each that is done with, but not of one that was being
   * taken when the reader left; `grant` is told how many more the link may send.
   */
  async *pieces(
    taken: (data: Buffer) => void,
    grant: (bytes: number) => void,
  ): AsyncGenerator<OutputPiece, OutputEnd> {
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece) {
        yield piece;
        taken(piece.data);
        this.#give(creditFor(piece.data.length), grant);
      } else if (this.#error) throw this.#error;
      else if (this.#end) return this.#end;
      else await this.#changed.wait();
    }
  }

  #give(bytes: number, grant: (bytes: number) => void): void {
    this.#taken += bytes;
    if (this.#taken < this.#returnBytes || this.isOver) return;
    this.#window += this.#taken;
    grant(this.#taken);
    this.#taken = 0;
  }
}

/** A status as a shell has it, 0 to 255; nothing else a link may claim is one. */
export function statusOf(status: number | undefined): { status?: number } {
  return status !== undefined && status >= 0 && status <= 255 ? { status } : {};
}
