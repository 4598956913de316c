/**
 * The framing of messages in a stream of bytes. A frame is a 4-byte big-endian length followed by that many
 * bytes of one message. At most one incomplete frame of 1 MiB is buffered, and a malformed frame is rejected
 * before any of it is used. The codec never interprets a frame's content.
 */
import { AppError } from '../errors.ts';

/** Longest frame in bytes, without its length prefix. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** Size of the length prefix of each frame, in bytes. */
export const FRAME_HEADER_BYTES = 4;

/** Frames longer than this, in bytes, are read directly into their final buffer, see `FrameDecoder.room`. */
const LONG_BYTES = 32 * 1024;

/**
 * Bytes of the next frame that may be read along with a long one: enough to know whether it is long, too.
 */
const AHEAD_BYTES = 64;

/** Decodes one message. Throws when it is malformed. */
export type Decode<Message> = (body: Buffer) => Message;

/** Supplies buffers for long frames and decodes them. */
export interface LongFrames<Message> {
  /** Returns a buffer of at least `bytes` bytes. */
  take(bytes: number): Buffer;
  /** Decodes a frame whose `body` lies in a buffer from `take`. Throws when it is malformed. */
  readonly decode: Decode<Message>;
}

/** Returns a frame of an encoded message. Throws LIMIT_EXCEEDED when that is longer than 1 MiB. */
export function frameOf(body: Uint8Array): Buffer {
  if (body.length > MAX_FRAME_BYTES) throw tooLong(body.length);
  const encoded = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  encoded.writeUInt32BE(body.length, 0);
  encoded.set(body, FRAME_HEADER_BYTES);
  return encoded;
}

/** Splits a byte stream into frames, whatever the size of the chunks. Unusable after it has thrown. */
export class MessageDecoder<Message> {
  readonly #decode: Decode<Message>;
  readonly #long: LongFrames<Message>;
  /** The first `#held` bytes of an incomplete frame; it needs `#wanted` bytes, prefix included. */
  #buffer: Buffer = Buffer.alloc(0);
  #held = 0;
  #wanted = FRAME_HEADER_BYTES;

  constructor(
    decode: Decode<Message>,
    long: LongFrames<Message> = { take: (bytes) => Buffer.allocUnsafeSlow(bytes), decode },
  ) {
    this.#decode = decode;
    this.#long = long;
  }

  /**
   * Returns the frames that `chunk` completes, in order; keeps no reference to `chunk`. Throws
   * LIMIT_EXCEEDED as soon as a prefix announces more than 1 MiB, and INVALID_ARGUMENT for bytes that are
   * not a message.
   */
  push(chunk: Buffer): Message[] {
    const frames: Message[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      const whole = this.#held === 0 ? frameLength(rest) : 0;
      if (whole > 0 && rest.length >= whole) {
        frames.push(decodeFrame(rest.subarray(FRAME_HEADER_BYTES, whole), this.#decode));
        rest = rest.subarray(whole);
      } else rest = this.#gather(rest, frames);
    }
    return frames;
  }

  /**
   * While a long frame is incomplete: the buffer to read its remaining bytes into. Call `filled`
   * afterwards.
   */
  get room(): Buffer | undefined {
    if (this.#wanted <= LONG_BYTES) return undefined;
    return this.#buffer.subarray(this.#held, this.#wanted + AHEAD_BYTES);
  }

  /** Like `push`, for `bytes` bytes that have been read into `room`. */
  filled(bytes: number): Message[] {
    this.#held += bytes;
    if (this.#held < this.#wanted) return [];
    const buffer = this.#buffer;
    const wanted = this.#wanted;
    const held = this.#held;
    const frame = this.#finish();
    return [frame, ...this.push(buffer.subarray(wanted, held))];
  }

  /** Copies the bytes that the incomplete frame lacks; returns the rest of `bytes`. */
  #gather(bytes: Buffer, frames: Message[]): Buffer {
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

  #finish(): Message {
    const body = this.#buffer.subarray(FRAME_HEADER_BYTES, this.#wanted);
    const frame = decodeFrame(body, this.#wanted > LONG_BYTES ? this.#long.decode : this.#decode);
    [this.#buffer, this.#held, this.#wanted] = [Buffer.alloc(0), 0, FRAME_HEADER_BYTES];
    return frame;
  }
}

/** Length of the frame that begins here, prefix included; 0 while the prefix is incomplete. */
function frameLength(bytes: Buffer): number {
  if (bytes.length < FRAME_HEADER_BYTES) return 0;
  const length = bytes.readUInt32BE(0);
  if (length > MAX_FRAME_BYTES) throw tooLong(length);
  return FRAME_HEADER_BYTES + length;
}

function decodeFrame<Message>(body: Buffer, decode: Decode<Message>): Message {
  try {
    return decode(body);
  } catch (cause) {
    throw new AppError('INVALID_ARGUMENT', 'malformed frame', { cause });
  }
}

function tooLong(length: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `frame of ${length} bytes is too long: the maximum is ${MAX_FRAME_BYTES}`,
  );
}
