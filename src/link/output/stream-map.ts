/**
 * Maps the bytes of a session's output to the stream that they came from: a file of 8-byte entries. The
 * first entry holds the offset of the first byte still kept. Each later entry holds the offset (6 bytes,
 * big-endian) from which on a stream (1 byte) was written; bytes before the second entry are standard
 * output. The file is searched in place and never loaded, since a program can change streams with every
 * byte.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { Stream } from '../../generated/latchkey/link/v1/link.ts';
import { punchHole } from '../../native/pipe.ts';

const ENTRY_BYTES = 8;
const BLOCK_BYTES = 4096;

/** Bytes from `offset` on belong to `stream`. */
export interface Segment {
  readonly offset: number;
  readonly stream: Stream;
}

export class StreamMap implements Disposable {
  readonly #fd: number;
  /** Entries in the file, the first one included. */
  #entries: number;
  #last: Segment | undefined;
  #punchedEntries = 0;
  #first: number;

  constructor(path: string, flags: 'wx+' | 'r+' | 'r') {
    this.#fd = openSync(path, flags, 0o600);
    // The first entry is written when it is first needed.
    this.#entries = Math.max(1, Math.floor(fstatSync(this.#fd).size / ENTRY_BYTES));
    this.#first = this.#entry(0).offset;
    this.#last = this.segment(this.#entries - 2);
  }

  /** Offset of the first byte that is kept. */
  get first(): number {
    return this.#first;
  }

  /** Number of segments so far. */
  get count(): number {
    return this.#entries - 1;
  }

  /** Returns the segment with this index; undefined when there is none. */
  segment(index: number): Segment | undefined {
    return index >= 0 && index < this.count ? this.#entry(index + 1) : undefined;
  }

  /**
   * Index of the segment that contains `offset`: the last one that begins at or before it; -1 before the
   * first.
   */
  find(offset: number): number {
    let [low, high] = [-1, this.count - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#entry(middle + 1).offset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Records that the bytes from `offset` on come from `stream`. Call it before they are written. */
  note(offset: number, stream: Stream): void {
    if ((this.#last?.stream ?? Stream.STDOUT) === stream) return;
    if (this.#last?.offset !== offset) this.#entries += 1; // else nothing was written since
    this.#write(this.#entries - 1, offset, stream);
    this.#last = { offset, stream };
  }

  /** Records that bytes before `first` are gone, and frees the disk space of entries about them. */
  forgetBefore(first: number): void {
    this.#write(0, first, 0);
    this.#first = first;
    const from = this.#punchedEntries * ENTRY_BYTES;
    const to = (this.find(first) + 1) * ENTRY_BYTES;
    const start = Math.max(BLOCK_BYTES, from); // the first block holds `first`
    const length = Math.floor(to / BLOCK_BYTES) * BLOCK_BYTES - start;
    if (length <= 0) return;
    punchHole(this.#fd, start, length);
    this.#punchedEntries = (start + length) / ENTRY_BYTES;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  /** Entries in a hole read as offset 0, which sorts before all others, as the search needs. */
  #entry(index: number): Segment {
    const entry = Buffer.alloc(ENTRY_BYTES);
    readSync(this.#fd, entry, 0, ENTRY_BYTES, index * ENTRY_BYTES);
    return {
      offset: entry.readUIntBE(0, 6),
      stream: entry[6] === Stream.STDERR ? Stream.STDERR : Stream.STDOUT,
    };
  }

  #write(index: number, offset: number, stream: number): void {
    const entry = Buffer.alloc(ENTRY_BYTES);
    entry.writeUIntBE(offset, 0, 6);
    entry[6] = stream;
    const written = writeSync(this.#fd, entry, 0, ENTRY_BYTES, index * ENTRY_BYTES);
    if (written !== ENTRY_BYTES) throw Object.assign(new Error('write: ENOSPC'), { code: 'ENOSPC' });
  }
}
