/**
 * What may still be sent to one session's input. A program that does not read holds back whoever
 * writes to it and nobody else. Writers are served in order, each one's bytes in one piece.
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
  /** More may be sent, or nothing any more. */
  readonly #changed = new Condition();

  constructor(send: (data: Buffer) => void) {
    this.#send = send;
  }

  /** Resolves when all of `data` has been sent. Throws what `fail` was told. */
  write(data: Buffer): Promise<void> {
    return this.inTurn(() => this.#writeAll(data));
  }

  /** Runs `work` when everything written so far has been sent. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(ignore, ignore);
    return done;
  }

  add(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, INPUT_WINDOW_BYTES);
    this.#changed.notify();
  }

  /** The session takes no more: whoever writes gets `error`. */
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

/** The same refusal for each writer, rather than one object shared among them. */
function withOwnStack(error: Error): Error {
  return error instanceof AppError
    ? new AppError(error.reason, error.message, { details: error.details })
    : error;
}

function ignore(): void {}
