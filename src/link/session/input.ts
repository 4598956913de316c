/**
 * A program's standard input: at most 256 KiB are queued, and written as the program reads. The `taken`
 * callback of each piece is called once it is in the pipe; the other end then may send more.
 */
import { Socket } from 'node:net';
import { AppError } from '../../errors.ts';
import { INPUT_WINDOW_BYTES } from '../../link-protocol/protocol.ts';

export class Input {
  #pipe: Socket | undefined;
  #waiting = 0;
  readonly #onClosed: () => void;

  /** Takes ownership of `fd`, the pipe's write end. `onClosed` is called once no more input is taken. */
  constructor(fd: number, onClosed: () => void) {
    this.#onClosed = onClosed;
    this.#pipe = new Socket({ fd, readable: false, writable: true });
    this.#pipe.unref();
    // EPIPE: no process reads the pipe any more.
    this.#pipe.on('error', () => this.destroy());
    this.#pipe.on('close', () => this.destroy());
  }

  /** Queues `data`. Throws INPUT_CLOSED, and LIMIT_EXCEEDED beyond 256 KiB. */
  write(data: Buffer, taken: (error?: AppError) => void): void {
    const pipe = this.#pipe;
    if (pipe === undefined || pipe.writableEnded) throw inputClosed();
    if (this.#waiting + data.length > INPUT_WINDOW_BYTES)
      throw new AppError('LIMIT_EXCEEDED', 'more input than the credit allows');
    this.#waiting += data.length;
    pipe.write(data, (error) => {
      this.#waiting -= data.length;
      taken(error ? inputClosed() : undefined);
    });
  }

  /** Queues the input that came with the start and needs no credit. */
  writeFirst(data: Buffer): void {
    this.#pipe?.write(data);
  }

  /** Ends the input after what is queued. */
  end(): void {
    this.#pipe?.end();
  }

  /** Closes the input and drops what is queued. */
  destroy(): void {
    const pipe = this.#pipe;
    if (pipe === undefined) return;
    this.#pipe = undefined;
    pipe.destroy();
    this.#onClosed();
  }
}

function inputClosed(): AppError {
  return new AppError('INPUT_CLOSED', "the program's input is closed");
}
