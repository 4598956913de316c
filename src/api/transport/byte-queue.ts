/**
 * Queues what a client sends, in one buffer. Takes little more memory than the bytes themselves, however
 * small the chunks: a chunk of its own takes more than a hundred bytes (CVE-2019-9511, "data dribble").
 */
import type { Readable } from 'node:stream';

const NOTHING = Buffer.alloc(0);

/**
 * First chunk that a resumed stream delivers, in bytes. A reader takes all messages of a chunk before it can
 * pause.
 */
const FIRST_BYTES = 1024;

/** A queue of bytes in one contiguous buffer. */
export class ByteQueue {
  #buffer: Buffer = NOTHING;
  #begin = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#begin;
  }

  /** The queued bytes; valid until the next change of the queue. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#begin, this.#end);
  }

  add(piece: Buffer): void {
    this.makeRoom(piece.length);
    this.#end += piece.copy(this.#buffer, this.#end);
  }

  /** Grows the buffer so that `bytes` more fit. */
  makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(length + Math.max(bytes, length));
    this.#end = this.bytes.copy(larger);
    this.#begin = 0;
    this.#buffer = larger;
  }

  /** Removes and returns the first bytes, at most `most`. */
  take(most = this.length): Buffer {
    const taken = this.bytes.subarray(0, most);
    this.#begin += taken.length;
    if (this.length === 0) [this.#buffer, this.#begin, this.#end] = [NOTHING, 0, 0];
    return taken;
  }
}

/**
 * Queues in one buffer what arrives while `stream` is paused. After a resume, delivers it in chunks that
 * double in size.
 */
export function queueWhilePaused(stream: Readable): void {
  const push = stream.push.bind(stream);
  const waiting = new ByteQueue();
  let hasEnded = false;
  const deliver = (bytes: Buffer): number => {
    let delivered = 0;
    for (let most = FIRST_BYTES; delivered < bytes.length && stream.readableFlowing; most *= 2) {
      const piece = bytes.subarray(delivered, delivered + most);
      delivered += piece.length;
      push(piece);
    }
    return delivered;
  };
  const deliverWaiting = (): boolean => {
    if (waiting.length > 0) waiting.take(deliver(waiting.bytes));
    if (hasEnded && waiting.length === 0) push(null);
    return waiting.length === 0;
  };
  stream.push = (piece: Buffer | null): boolean => {
    if (piece === null) hasEnded = true;
    else waiting.add(waiting.length > 0 ? piece : piece.subarray(deliver(piece)));
    return deliverWaiting();
  };
  stream.on('resume', deliverWaiting);
}
