/** The messages in the bytes of a call: a flag, a length, and so many bytes each (gRPC over HTTP/2, "Length-Prefixed-Message"). */
import { AppError } from '../errors.ts';
import { Gathering } from './gathering.ts';

/** What is before each message, in bytes. */
export const PREFIX_BYTES = 5;

/** Room for a message that is not here as a whole yet, until it is or the call is over. Throws LIMIT_EXCEEDED. */
export type Reserve = (bytes: number) => Disposable;

/** Takes the place of the one that grpc-js has, which keeps every piece of a message, and for as long as a watch goes on. */
export class MessageDecoder implements Disposable {
  readonly #onRefused: (reason: unknown) => void;
  readonly #gathered = new Gathering();
  #limitBytes: number;
  #reserve: Reserve | undefined;
  #reserved: Disposable | undefined;
  #wanted = PREFIX_BYTES;
  #isOver = false;

  /** `onRefused` is told of the first message that is not taken; none comes behind it. */
  constructor(limitBytes: number, onRefused: (reason: unknown) => void) {
    this.#limitBytes = limitBytes;
    this.#onRefused = onRefused;
  }

  /** Takes messages of up to `limitBytes` from now on, with room from `reserve`. */
  allow(limitBytes: number, reserve: Reserve): void {
    this.#limitBytes = limitBytes;
    this.#reserve = reserve;
  }

  /** The messages that `data` completes, with their prefixes. Nothing of `data` is kept. */
  write(data: Buffer): Buffer[] {
    if (this.#isOver) return [];
    try {
      return this.#gather(data);
    } catch (reason) {
      this[Symbol.dispose]();
      this.#onRefused(reason);
      return [];
    }
  }

  /** Takes nothing more, and lets go of what is here. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#take();
  }

  #gather(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let rest = data;
    while (rest.length > 0) {
      const piece = rest.subarray(0, this.#wanted - this.#gathered.length);
      rest = rest.subarray(piece.length);
      this.#gathered.add(piece);
      if (this.#gathered.length === PREFIX_BYTES) this.#wanted += this.#announced();
      if (this.#gathered.length === this.#wanted) messages.push(this.#take());
    }
    if (this.#wanted > PREFIX_BYTES) this.#reserved ??= this.#reserve?.(this.#wanted);
    return messages;
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

  #take(): Buffer {
    this.#wanted = PREFIX_BYTES;
    this.#reserved?.[Symbol.dispose]();
    this.#reserved = undefined;
    return this.#gathered.take();
  }
}
