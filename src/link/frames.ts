/**
 * The frame codec, shared by both ends of a link's socket: a 4-byte big-endian length, then that
 * many bytes of one Frame. Promises bounded memory (at most one frame is gathered, 1 MiB) and
 * that what is broken is refused before anything of it is used; it never looks at what is said.
 */
import { AppError } from '../errors.ts';
import { Frame } from '../generated/latchkey/link/v1/link.ts';

/** The longest frame, in bytes, without its length. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** The length before each frame, in bytes. */
export const FRAME_HEADER_BYTES = 4;

/** How many chunks of an unfinished frame are kept apart. */
const MAX_CHUNKS = 256;

/** One frame as it goes over the socket. Throws LIMIT_EXCEEDED for one over 1 MiB. */
export function encodeFrame(frame: Frame): Buffer {
  const body = Frame.encode(frame).finish();
  if (body.length > MAX_FRAME_BYTES) throw tooLong(body.length);
  const encoded = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  encoded.writeUInt32BE(body.length, 0);
  encoded.set(body, FRAME_HEADER_BYTES);
  return encoded;
}

/** Gathers frames from a byte stream, however it is cut. After a throw the reader is of no more use. */
export class FrameReader {
  #waiting: Buffer[] = [];
  #bytes = 0;
  /** Length of the frame being gathered, its header included; 0 while the header is incomplete. */
  #wanted = 0;

  /**
   * The frames that `chunk` completes, in order. Their bytes are copies.
   * Throws LIMIT_EXCEEDED as soon as a header announces more than 1 MiB, and INVALID_ARGUMENT for
   * what is not a Frame.
   */
  push(chunk: Buffer): Frame[] {
    if (chunk.length > 0) this.#waiting.push(chunk);
    // Each chunk costs far more than a byte: a frame sent byte by byte would take hundreds of times its length.
    if (this.#waiting.length > MAX_CHUNKS) this.#front(this.#bytes + chunk.length);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    while (this.#complete()) frames.push(decodeFrame(this.#take().subarray(FRAME_HEADER_BYTES)));
    return frames;
  }

  #complete(): boolean {
    if (this.#wanted === 0 && this.#bytes >= FRAME_HEADER_BYTES) {
      const length = this.#front(FRAME_HEADER_BYTES).readUInt32BE(0);
      if (length > MAX_FRAME_BYTES) throw tooLong(length);
      this.#wanted = FRAME_HEADER_BYTES + length;
    }
    return this.#wanted > 0 && this.#bytes >= this.#wanted;
  }

  #take(): Buffer {
    const wanted = this.#wanted;
    const front = this.#front(wanted);
    const rest = front.subarray(wanted);
    if (rest.length > 0) this.#waiting[0] = rest;
    else this.#waiting.shift();
    this.#bytes -= wanted;
    this.#wanted = 0;
    return front.subarray(0, wanted);
  }

  /** The first waiting buffer, joined with the next ones until it holds `length` bytes. */
  #front(length: number): Buffer {
    const first = this.#waiting[0];
    if (first !== undefined && first.length >= length) return first;
    const joined = Buffer.concat(this.#waiting);
    this.#waiting = [joined];
    return joined;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  try {
    return Frame.decode(bytes);
  } catch (cause) {
    throw new AppError('INVALID_ARGUMENT', 'what came is not a frame of this protocol', { cause });
  }
}

function tooLong(length: number): AppError {
  return new AppError('LIMIT_EXCEEDED', `a frame of ${length} bytes; at most ${MAX_FRAME_BYTES} are taken`);
}
