/**
 * Flow control of one session's input. A program that does not read blocks only its own writers. Writers
 * are served in order, each one's bytes without interruption.
 */
import { Condition } from '../../async/condition.ts';
import { AppError } from '../../errors.ts';
import { INPUT_WINDOW_BYTES } from '../../link-protocol/protocol.ts';

const MAX_PIECE_BYTES = 64 * 1024;

export class InputWindow {
  readonly #send: (data: Buffer) => void;
  #credit = INPUT_WINDOW_BYTES;
  #turn: Promise<void> = Promise.resolve();
  #error: Error | undefined;
  /** Notified when there is more credit, or the window has failed. */
  readonly #changed = new Condition();

  constructor(send: (data: Buffer) => void) {
    this.#send = send;
  }

  /** Resolves when all of `data` has been sent. Throws the error of `fail`. */
  write(data: Buffer): Promise<void> {
    return this.inTurn(() => this.#writeAll(data));
  }

  /** Runs `work` after everything written so far has been sent. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(ignore, ignore);
    return done;
  }

  /** Adds credit for `bytes` more bytes. */
  add(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, INPUT_WINDOW_BYTES);
    this.#changed.notify();
  }

  /** Fails all writers with `error`, because the session takes no more input. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#changed.notify();
  }

  async #writeAll(data: Buffer): Promise<void> {
    for (let rest = data; rest.length > 0; ) {
      while (this.#credit === 0 && !this.#error) await this.#changed.wait();
      if (this.#error) throw withOwnStack(this.#error);
      const piece = rest.subarray(0, Math.min(this.#credit, MAX_PIECE_BYTES));
      this.#credit -= piece.length;
      this.#send(piece);
      rest = rest.subarray(piece.length);
    }
  }
}

/** Makes a new error for each writer, so that none is shared. */
function withOwnStack(error: Error): Error {
  return error instanceof AppError
    ? new AppError(error.reason, error.message, { details: error.details })
    : error;
}

function ignore(): void {}
