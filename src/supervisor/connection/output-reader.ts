/**
 * One reader of a session's output. Its credit limits how much the link may send ahead: a reader that
 * does not read blocks only its own output.
 */
import { Condition } from '../../async/condition.ts';
import { AppError } from '../../errors.ts';
import {
  type Mark,
  type Marks,
  type Output,
  type ReadEnd,
  type Recording,
  Stream,
} from '../../generated/latchkey/link/v1/link.ts';
import { creditFor, MAX_MARKS } from '../../link-protocol/protocol.ts';

/** Bounds of a reader's window, in bytes: a larger one is not faster, a smaller one costs round trips. */
const SMALLEST_WINDOW_BYTES = 32 * 1024;
const LARGEST_WINDOW_BYTES = 512 * 1024;
/** Bytes that all readers of one link share, when there are many. */
const SHARED_BYTES = 16 * 1024 * 1024;
/** Credit is returned in quarters of the window, so that small output needs few frames. */
const CREDIT_PARTS = 4;

/**
 * Returns the window of a reader beside `others`, in bytes. A thousand readers that do not read hold 80
 * MiB.
 */
export function windowFor(others: number): number {
  const share = Math.floor(SHARED_BYTES / (others + 1));
  return Math.min(LARGEST_WINDOW_BYTES, Math.max(SMALLEST_WINDOW_BYTES, share));
}

/** A piece of output. `data` may be overwritten once the next piece is requested. */
export interface OutputPiece {
  /** Offset in all of the session's output, in bytes. */
  readonly offset: number;
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
  /** Set in a piece without bytes: when what follows was printed. */
  readonly times?: OutputTimes;
}

/** See `Marks` of the protocol of links. */
export interface OutputTimes {
  readonly marks: readonly Mark[];
  readonly recording: Recording | undefined;
}

const NOTHING = Buffer.alloc(0);

/** The end of a reader's output; `exited` is set when the session has ended, with its status if known. */
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
  /** Notified when a piece or the end has arrived. */
  readonly #changed = new Condition();

  /** `window` is the number of bytes that the link may be ahead. */
  constructor(window: number) {
    this.#window = window;
    this.#returnBytes = window / CREDIT_PARTS;
  }

  /** Receives a piece. Throws INVALID_ARGUMENT when the link has exceeded its credit. */
  push({ offset, stream, data }: Output): void {
    if (data.length > this.#window) throw beyondCredit();
    this.#push({ offset, stream: stream === Stream.STDERR ? 'stderr' : 'stdout', data });
  }

  /** Receives marks. Throws INVALID_ARGUMENT when the link has exceeded its credit, or sends too many. */
  pushMarks({ offset, marks, recording }: Marks): void {
    if (marks.length > MAX_MARKS)
      throw new AppError('INVALID_ARGUMENT', 'more marks than are allowed at once');
    this.#push({ offset, stream: 'stdout', data: NOTHING, times: { marks, recording } });
  }

  #push(piece: OutputPiece): void {
    if (this.#window <= 0) throw beyondCredit();
    this.#window -= creditOf(piece);
    this.#waiting.push(piece);
    this.#changed.notify();
  }

  finish({ exited }: ReadEnd): void {
    this.#end = exited ? { exited: statusOf(exited.status) } : {};
    this.#changed.notify();
  }

  /** Ends the reader with `error`, after the pieces received so far. */
  fail(error: Error): void {
    this.#error = error;
    this.#changed.notify();
  }

  get hasEnded(): boolean {
    return this.#end !== undefined || this.#error !== undefined;
  }

  /**
   * Yields the pieces in order. `taken` is called with each piece's bytes after use, except for one in use
   * when the reader stops. `grant` is called with the number of bytes that the link may send in addition.
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
        this.#returnCredit(creditOf(piece), grant);
      } else if (this.#error) throw this.#error;
      else if (this.#end) return this.#end;
      else await this.#changed.wait();
    }
  }

  #returnCredit(bytes: number, grant: (bytes: number) => void): void {
    this.#taken += bytes;
    if (this.#taken < this.#returnBytes || this.hasEnded) return;
    this.#window += this.#taken;
    grant(this.#taken);
    this.#taken = 0;
  }
}

function creditOf({ data, times }: OutputPiece): number {
  return creditFor(data.length, times?.marks.length);
}

function beyondCredit(): AppError {
  return new AppError('INVALID_ARGUMENT', 'more output than the credit allows');
}

/** Returns an exit status as a shell reports it, 0 to 255; any other value from a link is dropped. */
export function statusOf(status: number | undefined): { status?: number } {
  return status !== undefined && status >= 0 && status <= 255 ? { status } : {};
}
