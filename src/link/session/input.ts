/**
 * A program's standard input: what comes is queued, 256 KiB at most, and written as the program
 * reads. Each piece's `taken` is called once it is in the pipe, which is how the other end learns
 * that it may send more.
 */
import { Socket } from 'node:net';
import { AppError } from '../../errors.ts';
import { INPUT_WINDOW_BYTES } from '../../link-protocol/protocol.ts';

export class Input {
  #pipe: Socket | undefined;
  #waiting = 0;
  readonly #onClosed: () => void;

  /** `fd`: the pipe's write end, the input's from now on. `onClosed` is called once it takes no more. */
  constructor(fd: number, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#pipe = new Socket({ fd, readable: false, writable: true });
    this.#pipe.unref();
    // EPIPE: the program reads no more
    this.#pipe.on('error', () => this.destroy());
    this.#pipe.on('close', () => this.destroy());
  }

  /** Queues `data`. Throws INPUT_CLOSED, and LIMIT_EXCEEDED beyond the window. */
  write(data: Buffer, taken: (error?: AppError) => void): void {
    const pipe = this.#pipe;
    if (pipe === undefined || pipe.writableEnded) throw inputClosed();
    if (this.#waiting + data.length > INPUT_WINDOW_BYTES)
      throw new AppError('LIMIT_EXCEEDED', 'more input than there was credit for');
    this.#waiting += data.length;
    pipe.write(data, (error) => {
      this.#waiting -= data.length;
      taken(error ? inputClosed() : undefined);
    });
  }

  /** The program's own first input, which needs no credit. */
  writeFirst(data: Buffer): void {
    this.#pipe?.write(data);
  }

  /** End of input, after what is queued. */
  end(): void {
    this.#pipe?.end();
  }

  /** Takes no more, and drops what is queued. */
  destroy(): void {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    this.#pipe = undefined;
    pipe.destroy();
    this.#onClosed();
  }
}

function inputClosed(): AppError {
  return new AppError('INPUT_CLOSED', 'the program takes no more input');
}
