/**
 * Frames over one socket: what comes in is given to whoever is listening now, what goes out is
 * bounded. Broken input ends the connection, with one Error frame that says why.
 */
import type { Socket } from 'node:net';
import { AppError, isAppError } from '../../errors.ts';
import type { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../link-protocol/frames.ts';
import type { Body } from '../../link-protocol/protocol.ts';

/**
 * Whoever sends commands and does not read the answers is not listened to beyond the first, and cut
 * off at the second.
 */
const [PAUSE_BYTES, MAX_QUEUED_BYTES] = [4 * 1024 * 1024, 32 * 1024 * 1024];
const FLUSH_MS = 1000;

export class Channel {
  /** Whom frames are given to; may throw, which ends the connection. */
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

  /** Answers `request` with what went wrong; what was not foreseen is told without its cause. */
  fail(request: number, error: unknown): void {
    const known = isAppError(error) ? error : new AppError('INTERNAL', 'the link failed at this');
    const { reason, message, details } = known;
    this.send(request, { $case: 'error', value: { reason, message, details: { ...details } } });
  }

  /** Writes a whole encoded frame; `written` is called once its bytes may be overwritten. */
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

  /** Takes no more, sends what is queued, and closes; resolves when closed, after a second at most. */
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
