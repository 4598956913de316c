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

/** Frames longer than this are worth being read to where they stay, see `FrameDecoder.room`. */
const LONG_BYTES = 32 * 1024;

/** How much of the next frame may come with a long one, in bytes: enough to know whether that is long too. */
const AHEAD_BYTES = 64;

/** What becomes of long frames. */
export interface LongFrames {
  /** Where to put one: `bytes` or more. */
  take(bytes: number): Buffer;
  /** The frame that `body` is, which lies in a buffer taken. Throws whatever is wrong with it. */
  decode(body: Buffer): Frame;
}

const ordinary: LongFrames = {
  take: (bytes) => Buffer.allocUnsafeSlow(bytes),
  decode: (body) => Frame.decode(body),
};

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
export class FrameDecoder {
  readonly #long: LongFrames;
  /** Holds the `#held` bytes there are of an unfinished frame of `#wanted` bytes, its length included. */
  #buffer: Buffer = Buffer.alloc(0);
  #held = 0;
  #wanted = FRAME_HEADER_BYTES;

  constructor(long = ordinary) {
    this.#long = long;
  }

  /**
   * The frames that `chunk` completes, in order. Nothing of `chunk` is kept.
   * Throws LIMIT_EXCEEDED as soon as a header announces more than 1 MiB, and INVALID_ARGUMENT for
   * what is not a Frame.
   */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      const whole = this.#held === 0 ? frameLength(rest) : 0;
      if (whole > 0 && rest.length >= whole) {
        frames.push(decodeFrame(rest.subarray(FRAME_HEADER_BYTES, whole)));
        rest = rest.subarray(whole);
      } else rest = this.#gather(rest, frames);
    }
    return frames;
  }

  /** While a long frame is under way: where to read the rest of it to. Then tell `filled`. */
  get room(): Buffer | undefined {
    if (this.#wanted <= LONG_BYTES) return undefined;
    return this.#buffer.subarray(this.#held, this.#wanted + AHEAD_BYTES);
  }

  /**
   * As `push`, for `bytes` that are in `room` already.
   */
  filled(bytes: number): Frame[] {
    this.#held += bytes;
    if (this.#held < this.#wanted) return [];
    const [buffer, wanted, held] = [this.#buffer, this.#wanted, this.#held];
    const frame = this.#finish();
    return [frame, ...this.push(buffer.subarray(wanted, held))];
  }

  /** Takes of `bytes` what the unfinished frame lacks; returns the rest. */
  #gather(bytes: Buffer, frames: Frame[]): Buffer {
    const lacking = this.#wanted - this.#held;
    this.#reserve();
    this.#held += bytes.copy(this.#buffer, this.#held, 0, lacking);
    if (this.#held === FRAME_HEADER_BYTES) {
      this.#wanted = frameLength(this.#buffer);
      this.#reserve();
    }
    if (this.#held === this.#wanted) frames.push(this.#finish());
    return bytes.subarray(lacking);
  }

  #reserve(): void {
    if (this.#buffer.length >= this.#wanted) return;
    const isLong = this.#wanted > LONG_BYTES;
    const larger = isLong
      ? this.#long.take(this.#wanted + AHEAD_BYTES)
      : Buffer.allocUnsafeSlow(this.#wanted);
    this.#buffer.copy(larger, 0, 0, this.#held);
    this.#buffer = larger;
  }

  #finish(): Frame {
    const body = this.#buffer.subarray(FRAME_HEADER_BYTES, this.#wanted);
    const frame = decodeFrame(body, this.#wanted > LONG_BYTES ? this.#long : ordinary);
    [this.#buffer, this.#held, this.#wanted] = [Buffer.alloc(0), 0, FRAME_HEADER_BYTES];
    return frame;
  }
}

/** The length of the frame that begins here, its header included; 0 while that is not known. */
function frameLength(bytes: Buffer): number {
  if (bytes.length < FRAME_HEADER_BYTES) return 0;
  const length = bytes.readUInt32BE(0);
  if (length > MAX_FRAME_BYTES) throw tooLong(length);
  return FRAME_HEADER_BYTES + length;
}

function decodeFrame(body: Buffer, by = ordinary): Frame {
  try {
    return by.decode(body);
  } catch (cause) {
    throw new AppError('INVALID_ARGUMENT', 'what came is not a frame of this protocol', { cause });
  }
}

function tooLong(length: number): AppError {
  return new AppError('LIMIT_EXCEEDED', `a frame of ${length} bytes; at most ${MAX_FRAME_BYTES} are taken`);
}
