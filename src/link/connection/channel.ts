/**
 * Sends and receives frames over one socket. Received frames go to the current `onFrame`; the send queue
 * is bounded. Malformed input closes the connection after one Error frame with the reason.
 */
import type { Socket } from 'node:net';
import { AppError, isAppError } from '../../errors.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { errorFrame } from '../../link-protocol/error-frame.ts';
import { encodeFrame, FrameDecoder } from '../../link-protocol/frames.ts';
import type { Body } from '../../link-protocol/protocol.ts';

/**
 * A peer that does not read its answers is no longer read from above PAUSE_BYTES of queued output, and is
 * disconnected above MAX_QUEUED_BYTES.
 */
const PAUSE_BYTES = 4 * 1024 * 1024;
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
const FLUSH_MS = 1000;

export class Channel {
  /** Receives each frame. When it throws, the connection is closed. */
  onFrame: (frame: Frame) => void = () => {};
  onClose: () => void = () => {};
  readonly #socket: Socket;
  readonly #reader = new FrameDecoder();
  #closing = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.onClose());
  }

  send(request: number, body: Body): void {
    this.write(encodeFrame({ request, body }));
  }

  /** Answers `request` with an error. The cause of an unexpected error is not sent. */
  fail(request: number, error: unknown): void {
    const known = isAppError(error) ? error : new AppError('INTERNAL', 'internal error of the link');
    this.send(request, { $case: 'error', value: errorFrame(known) });
  }

  /** Writes an encoded frame; `written` is called once its bytes may be overwritten. */
  write(frame: Buffer, written?: () => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      if (written !== undefined) setImmediate(written);
      return;
    }
    this.#socket.write(frame, () => written?.());
    const queued = this.#socket.writableLength;
    if (queued > MAX_QUEUED_BYTES) this.#socket.destroy();
    else if (queued > PAUSE_BYTES) this.#socket.pause();
  }

  /** Stops reading, sends what is queued, and closes. Resolves when closed, after at most one second. */
  async close(): Promise<void> {
    this.#closing = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.destroyed) return;
    this.#socket.once('close', () => resolve());
    this.#socket.end(() => this.#socket.destroy());
    const timer = setTimeout(() => this.#socket.destroy(), FLUSH_MS);
    await promise;
    clearTimeout(timer);
  }

  #take(chunk: Buffer): void {
    if (this.#closing) return;
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#closing) return;
        this.onFrame(frame);
      }
    } catch (error) {
      this.fail(0, error);
      void this.close();
    }
  }
}
