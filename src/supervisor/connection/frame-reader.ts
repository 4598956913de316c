/**
 * What comes from a link, as frames. A long frame is read to a buffer of its own, where its output
 * stays until it is sent on, and the buffers are used again: copying and allocating each would cost
 * more than everything else that is done to output.
 */
import type { OnReadOpts } from 'node:net';
import { Frame } from '../../generated/latchkey/link/v1/link.ts';
import { FrameDecoder } from '../../link-protocol/frames.ts';
import { readOutputFrame } from '../../link-protocol/output-frame.ts';

/** Room for a frame with the most output that a link may send at once (link.proto, Output). */
const BUFFER_BYTES = 256 * 1024 + 256;
const MAX_SPARE = 4;

/** Where everything else is read to, of all links: it is copied or decoded before anything else is read. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

export class FrameReader {
  /** For the socket, when it is made. */
  readonly onread: OnReadOpts;
  /** Whom frames are given to, in order; may throw. */
  onFrame: (frame: Frame) => void = () => {};
  /** Told what is wrong: what came is no frame, or `onFrame` has thrown. Nothing more can be read. */
  onBroken: (error: unknown) => void = () => {};
  readonly #frames: FrameDecoder;
  #spare: Buffer[] = [];
  /** The memory of outputs that nobody has given back. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

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
   * The `data` of an output frame may be overwritten. What is not given back is nobody's but its holder's.
   */
  giveBack({ buffer }: Buffer): void {
    if (this.#lent.delete(buffer) && this.#spare.length < MAX_SPARE) this.#spare.push(Buffer.from(buffer));
  }

  /** Keeps no buffers until they are needed again. */
  trim(): void {
    this.#spare = [];
  }

  #decode(body: Buffer): Frame {
    const output = readOutputFrame(body);
    // A longer one than a link should send is not kept for others, which may be longer still.
    if (output !== undefined && body.buffer.byteLength === BUFFER_BYTES) this.#lent.add(body.buffer);
    return output ?? Frame.decode(body);
  }

  #read(bytes: number, buffer: Uint8Array): boolean {
    try {
      const isShared = buffer === SHARED;
      const frames = isShared ? this.#frames.push(SHARED.subarray(0, bytes)) : this.#frames.filled(bytes);
      for (const frame of frames) this.onFrame(frame);
    } catch (error) {
      this.onBroken(error);
    }
    return true;
  }
}
