/** The messages in the bytes of a call: a flag, a length, and so many bytes each (gRPC over HTTP/2, "Length-Prefixed-Message"). */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../errors.ts';
import { ByteQueue } from './byte-queue.ts';

/** What is before each message, in bytes. */
export const PREFIX_BYTES = 5;

/** How much of what a message says about its length is believed, in bytes: more than what programs read at once, 64 KiB. */
const TRUSTED_BYTES = 128 * 1024;

/** Room for a message, in part or unpacked, until somebody is done with it. Throws LIMIT_EXCEEDED. */
export type Reserve = (bytes: number) => Disposable;

/** Replaces grpc-js's decoder, which keeps every piece of a message for as long as the call lasts. */
export class MessageDecoder implements Disposable {
  readonly #onRefused: (reason: unknown) => void;
  readonly #encoding: string | undefined;
  readonly #gathered = new ByteQueue();
  /** Of the messages that were given out and are not done with. */
  readonly #deps: (Disposable | undefined)[] = [];
  #limitBytes: number;
  #reserve: Reserve | undefined;
  #reserved: Disposable | undefined;
  #wanted = PREFIX_BYTES;
  #isOver = false;

  /** `onRefused` is told of the first message that is not taken; none comes behind it. `encoding` is "grpc-encoding". */
  constructor(limitBytes: number, onRefused: (reason: unknown) => void, encoding?: string) {
    this.#limitBytes = limitBytes;
    this.#onRefused = onRefused;
    this.#encoding = encoding;
  }

  /** Takes messages of up to `limitBytes` from now on, with room from `reserve`. */
  allow(limitBytes: number, reserve: Reserve): void {
    this.#limitBytes = limitBytes;
    this.#reserve = reserve;
  }

  /** The messages that `data` completes, unpacked and with their prefixes. Nothing of `data` is kept. */
  write(data: Buffer): Buffer[] {
    if (this.#isOver) return [];
    try {
      return this.#gather(data);
    } catch (reason) {
      this.stop();
      this.#onRefused(reason);
      return [];
    }
  }

  /** Somebody is done with the oldest message that was given out. */
  letGo(): void {
    this.#deps.shift()?.[Symbol.dispose]();
  }

  /** Takes nothing more, and lets go of what is here in part. */
  stop(): void {
    this.#isOver = true;
    this.#take();
  }

  [Symbol.dispose](): void {
    this.stop();
    while (this.#deps.length > 0) this.letGo();
  }

  #gather(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let rest = data;
    while (rest.length > 0) {
      const piece = rest.subarray(0, this.#wanted - this.#gathered.length);
      rest = rest.subarray(piece.length);
      this.#gathered.add(piece);
      if (this.#gathered.length === PREFIX_BYTES) this.#expect(this.#announced());
      if (this.#gathered.length === this.#wanted) messages.push(this.#whole());
    }
    if (this.#wanted > PREFIX_BYTES) this.#reserved ??= this.#reserve?.(this.#wanted);
    return messages;
  }

  #expect(bytes: number): void {
    this.#wanted += bytes;
    this.#gathered.makeRoom(Math.min(bytes, TRUSTED_BYTES));
  }

  /** How long the message is that begins here. Throws LIMIT_EXCEEDED. */
  #announced(): number {
    const bytes = this.#gathered.bytes.readUInt32BE(1);
    if (bytes <= this.#limitBytes) return bytes;
    throw new AppError(
      'LIMIT_EXCEEDED',
      `a message of ${bytes} bytes; at most ${this.#limitBytes} are taken`,
    );
  }

  /** Unpacked here, where one after the other is, and it is known how long it has become. */
  #whole(): Buffer {
    const message = unpacked(this.#take(), this.#encoding, this.#limitBytes);
    this.#deps.push(this.#reserve?.(message.length));
    return message;
  }

  #take(): Buffer {
    this.#wanted = PREFIX_BYTES;
    this.#reserved?.[Symbol.dispose]();
    this.#reserved = undefined;
    return this.#gathered.take();
  }
}

/** As it was before it was compressed; what is compressed otherwise is left for grpc-js to refuse. */
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
