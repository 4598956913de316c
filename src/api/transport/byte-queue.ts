/**
 * Bytes that a client sends as it likes, put together. Promises memory for about what came, however small the pieces
 * are that it comes in: a piece of its own takes more than a hundred bytes (CVE-2019-9511, "data dribble").
 */
import type { Readable } from 'node:stream';

const NOTHING = Buffer.alloc(0);

/** What a stream hands on at first, in bytes: whoever reads takes all messages in it before it says that it pauses. */
const FIRST_BYTES = 1024;

/** Bytes that come at the end and go at the beginning. */
export class ByteQueue {
  #buffer: Buffer = NOTHING;
  #begin = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#begin;
  }

  /** What is here, until the next change. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#begin, this.#end);
  }

  add(piece: Buffer): void {
    this.makeRoom(piece.length);
    this.#end += piece.copy(this.#buffer, this.#end);
  }

  /** Makes sure that so many bytes more fit in. */
  makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return;
    const { length } = this;
    const larger = Buffer.allocUnsafe(length + Math.max(bytes, length));
    this.#end = this.bytes.copy(larger);
    this.#begin = 0;
    this.#buffer = larger;
  }

  /** The first bytes, at most so many, which are then no longer here. */
  take(most = this.length): Buffer {
    const taken = this.bytes.subarray(0, most);
    this.#begin += taken.length;
    if (this.length === 0) [this.#buffer, this.#begin, this.#end] = [NOTHING, 0, 0];
    return taken;
  }
}

/** Has what comes while nobody reads `stream` wait in one piece, and hands it on little by little, then faster. */
export function queueWhilePaused(stream: Readable): void {
  const push = stream.push.bind(stream);
  const waiting = new ByteQueue();
  let isOver = false;
  const handOn = (bytes: Buffer): number => {
    let handed = 0;
    for (let most = FIRST_BYTES; handed < bytes.length && stream.readableFlowing; most *= 2) {
      const piece = bytes.subarray(handed, handed + most);
      handed += piece.length;
      push(piece);
    }
    return handed;
  };
  const goOn = (): boolean => {
    if (waiting.length > 0) waiting.take(handOn(waiting.bytes));
    if (isOver && waiting.length === 0) push(null);
    return waiting.length === 0;
  };
  stream.push = (piece: Buffer | null): boolean => {
    if (piece === null) isOver = true;
    else waiting.add(waiting.length > 0 ? piece : piece.subarray(handOn(piece)));
    return goOn();
  };
  stream.on('resume', goOn);
}
