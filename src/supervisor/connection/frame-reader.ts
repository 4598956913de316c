/**
 * Reads frames from a link. A long frame is read directly into a buffer of its own, where its output
 * stays until it has been sent on, and buffers are reused: copying or allocating each would cost more
 * than all other work on output.
 */
import type { OnReadOpts } from 'node:net';
import { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { FrameDecoder } from '../../link-protocol/frames.ts';
import { readOutputFrame } from '../../link-protocol/output-frame.ts';

/** Size of a buffer: a frame with the most output that a link may send at once (link.proto, Output). */
const BUFFER_BYTES = 256 * 1024 + 256;
const MAX_SPARE = 4;

/** Buffer for all other input of all links; its content is copied or decoded before the next read. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

export class FrameReader {
  /** Option for creating the socket. */
  readonly onread: OnReadOpts;
  /** Receives the frames in order; may throw. */
  onFrame: (frame: Frame) => void = () => {};
  /**
   * Called with the error when a frame is malformed or `onFrame` has thrown. Nothing more can be read then.
   */
  onError: (error: unknown) => void = () => {};
  readonly #frames: FrameDecoder;
  #spare: Buffer[] = [];
  /** Memory of outputs that have not been given back. */
  readonly #inUse = new WeakSet<ArrayBufferLike>();

  constructor() {
    this.#frames = new FrameDecoder({
      take: (bytes) => this.#spare.pop() ?? Buffer.allocUnsafeSlow(Math.max(bytes, BUFFER_BYTES)),
      decode: (body) => this.#decode(body),
    });
    this.onread = {
      buffer: () => this.#frames.room ?? SHARED,
      callback: (bytes, buffer) => this.#read(bytes, buffer),
    };
  }

  /**
   * Allows the `data` of an output frame to be overwritten. A buffer that is not given back is never
   * reused.
   */
  giveBack({ buffer }: Buffer): void {
    if (this.#inUse.delete(buffer) && this.#spare.length < MAX_SPARE) this.#spare.push(Buffer.from(buffer));
  }

  /** Frees the spare buffers. */
  trim(): void {
    this.#spare = [];
  }

  #decode(body: Buffer): Frame {
    const output = readOutputFrame(body);
    // A frame longer than a link should send has a buffer of another size, which is not reused.
    if (output !== undefined && body.buffer.byteLength === BUFFER_BYTES) this.#inUse.add(body.buffer);
    return output ?? Frame.decode(body);
  }

  #read(bytes: number, buffer: Uint8Array): boolean {
    try {
      const isShared = buffer === SHARED;
      const frames = isShared ? this.#frames.push(SHARED.subarray(0, bytes)) : this.#frames.filled(bytes);
      for (const frame of frames) this.onFrame(frame);
    } catch (error) {
      this.onError(error);
    }
    return true;
  }
}
