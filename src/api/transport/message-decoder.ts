/**
 * Splits the bytes of a call into messages: a flag, a length, and that many bytes each (gRPC over HTTP/2,
 * "Length-Prefixed-Message").
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../errors.ts';
import { ByteQueue } from './byte-queue.ts';

/** Length of the prefix of each message, in bytes. */
export const PREFIX_BYTES = 5;

/**
 * Most bytes allocated for a length prefix alone: more than the 64 KiB that programs read at once.
 */
const TRUSTED_BYTES = 128 * 1024;

/** Reserves memory for a message, complete or not, until it is released. Throws LIMIT_EXCEEDED. */
export type Reserve = (bytes: number) => Disposable;

/** Replaces grpc-js's decoder, which keeps each chunk of a message for as long as the call lasts. */
export class MessageDecoder implements Disposable {
  readonly #onRefused: (reason: unknown) => void;
  readonly #encoding: string | undefined;
  readonly #queue = new ByteQueue();
  /** Reservations of the messages returned and not yet released, the oldest first. */
  readonly #reservations: (Disposable | undefined)[] = [];
  #limitBytes: number;
  #reserve: Reserve | undefined;
  #reserved: Disposable | undefined;
  #wanted = PREFIX_BYTES;
  #isStopped = false;

  /**
   * `onRefused` is called with the reason for refusing a message; none is returned after it. `encoding` is
   * the header "grpc-encoding".
   */
  constructor(limitBytes: number, onRefused: (reason: unknown) => void, encoding?: string) {
    this.#limitBytes = limitBytes;
    this.#onRefused = onRefused;
    this.#encoding = encoding;
  }

  /** Accepts messages of up to `limitBytes` from now on, with memory from `reserve`. */
  allow(limitBytes: number, reserve: Reserve): void {
    this.#limitBytes = limitBytes;
    this.#reserve = reserve;
  }

  /**
   * Returns the messages that `data` completes, unpacked and with their prefixes. Keeps no reference to
   * `data`.
   */
  write(data: Buffer): Buffer[] {
    if (this.#isStopped) return [];
    try {
      return this.#split(data);
    } catch (reason) {
      this.stop();
      this.#onRefused(reason);
      return [];
    }
  }

  /** Releases the oldest message that was returned. */
  release(): void {
    this.#reservations.shift()?.[Symbol.dispose]();
  }

  /** Refuses further messages, and drops the incomplete one. */
  stop(): void {
    this.#isStopped = true;
    this.#takeMessage();
  }

  [Symbol.dispose](): void {
    this.stop();
    while (this.#reservations.length > 0) this.release();
  }

  #split(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let rest = data;
    while (rest.length > 0) {
      const piece = rest.subarray(0, this.#wanted - this.#queue.length);
      rest = rest.subarray(piece.length);
      this.#queue.add(piece);
      if (this.#queue.length === PREFIX_BYTES) this.#expect(this.#declaredLength());
      if (this.#queue.length === this.#wanted) messages.push(this.#complete());
    }
    if (this.#wanted > PREFIX_BYTES) this.#reserved ??= this.#reserve?.(this.#wanted);
    return messages;
  }

  #expect(bytes: number): void {
    this.#wanted += bytes;
    this.#queue.makeRoom(Math.min(bytes, TRUSTED_BYTES));
  }

  /** Returns the length of the message that begins here. Throws LIMIT_EXCEEDED or INVALID_ARGUMENT. */
  #declaredLength(): number {
    const prefix = this.#queue.bytes;
    this.#checkFlag(prefix[0]);
    const bytes = prefix.readUInt32BE(1);
    if (bytes <= this.#limitBytes) return bytes;
    throw new AppError(
      'LIMIT_EXCEEDED',
      `a message of ${bytes} bytes; at most ${this.#limitBytes} are accepted`,
    );
  }

  /** The flag says whether the message is compressed: 0 or 1, and 1 only with an encoding. */
  #checkFlag(flag: number | undefined): void {
    if (flag === 0 || (flag === 1 && this.#encoding !== undefined && this.#encoding !== 'identity')) return;
    const why =
      flag === 1
        ? 'a compressed message without "grpc-encoding"'
        : `the flag ${flag} of a message; wanted 0 or 1`;
    throw new AppError('INVALID_ARGUMENT', why);
  }

  /** Messages are unpacked here, one after the other, so that each unpacked length is reserved. */
  #complete(): Buffer {
    const message = unpacked(this.#takeMessage(), this.#encoding, this.#limitBytes);
    this.#reservations.push(this.#reserve?.(message.length));
    return message;
  }

  #takeMessage(): Buffer {
    this.#wanted = PREFIX_BYTES;
    this.#reserved?.[Symbol.dispose]();
    this.#reserved = undefined;
    return this.#queue.take();
  }
}

/** Decompresses a message; leaves an unknown compression to grpc-js, which refuses it. */
function unpacked(message: Buffer, encoding: string | undefined, maxOutputLength: number): Buffer {
  const unpack = encoding === 'gzip' ? gunzipSync : encoding === 'deflate' ? inflateSync : undefined;
  if (message[0] !== 1 || unpack === undefined) return message;
  try {
    const bytes = unpack(message.subarray(PREFIX_BYTES), { maxOutputLength });
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([prefix, bytes]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE')
      throw new AppError('INVALID_ARGUMENT', `the message is not ${encoding}`, { cause });
    throw new AppError(
      'LIMIT_EXCEEDED',
      `a message of more than ${maxOutputLength} bytes when it is unpacked`,
      { cause },
    );
  }
}
