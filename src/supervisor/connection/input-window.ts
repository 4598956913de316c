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
  /** Writers in order; it is the first one's turn. */
  readonly #writers: object[] = [];
  #error: Error | undefined;
  /** Notified when there is more credit, it is another writer's turn, or the window has failed. */
  readonly #changed = new Condition();

  constructor(send: (data: Buffer) => void) {
    this.#send = send;
  }

  /**
   * Resolves when all of `data` has been sent. Throws the error of `fail`, and CANCELLED once `signal` has
   * aborted: the rest of `data` is then dropped, rather than kept for a program that may never read it.
   */
  write(data: Buffer, signal?: AbortSignal): Promise<void> {
    return this.inTurn(() => this.#writeAll(data, signal), signal);
  }

  /** Runs `work` after everything written so far has been sent. Throws CANCELLED like `write`. */
  async inTurn<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const writer = {};
    this.#writers.push(writer);
    try {
      await this.#until(() => this.#writers[0] === writer, signal);
      return await work();
    } finally {
      this.#writers.splice(this.#writers.indexOf(writer), 1);
      this.#changed.notify();
    }
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

  async #writeAll(data: Buffer, signal: AbortSignal | undefined): Promise<void> {
    for (let rest = data; rest.length > 0; ) {
      await this.#until(() => this.#credit > 0 || this.#error !== undefined, signal);
      if (this.#error) throw withOwnStack(this.#error);
      const piece = rest.subarray(0, Math.min(this.#credit, MAX_PIECE_BYTES));
      this.#credit -= piece.length;
      this.#send(piece);
      rest = rest.subarray(piece.length);
    }
  }

  async #until(isMet: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const wake = (): void => this.#changed.notify();
    signal?.addEventListener('abort', wake, { once: true });
    try {
      while (!isMet() && !signal?.aborted) await this.#changed.wait();
    } finally {
      signal?.removeEventListener('abort', wake);
    }
    if (signal?.aborted) throw new AppError('CANCELLED', 'the client has detached');
  }
}

/** Makes a new error for each writer, so that none is shared. */
function withOwnStack(error: Error): Error {
  return error instanceof AppError
    ? new AppError(error.reason, error.message, { details: error.details })
    : error;
}
