/**
 * A session's output: the bytes of both streams in the order of their arrival, at the offsets
 * where they lie in the file. Bytes are moved in by the kernel (splice), so that a kill -9 at any
 * moment neither loses nor doubles one; the oldest are dropped when there are more than the limit.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Stream } from '../../generated/latchkey/link/v1/link.ts';
import { punchHole, splice } from '../../native/pipe.ts';
import { flock } from '../../native/process.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { StreamMap } from './stream-map.ts';

const BLOCK_BYTES = 4096;
const MAX_MOVE_BYTES = 1024 * 1024;
const SMALLEST_LIMIT_BYTES = 64 * 1024;
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Where a reader is: an offset, and the segment it lies in. */
export interface Position {
  offset: number;
  segment: number;
}

export class OutputLog implements Disposable {
  readonly limit: number;
  /** The most bytes moved at once: small enough that a reader held to is never overrun. */
  readonly maxMove: number;
  readonly #fd: number;
  readonly #map: StreamMap;
  #end: number;

  private constructor(fd: number, map: StreamMap, limit: number) {
    this.#fd = fd;
    this.#map = map;
    this.limit = Math.max(limit || DEFAULT_LIMIT_BYTES, SMALLEST_LIMIT_BYTES);
    this.maxMove = Math.min(MAX_MOVE_BYTES, this.limit / 4);
    this.#end = fstatSync(fd).size;
  }

  /** A new log in a new session's folder, locked. */
  static create(folder: SessionFolder): OutputLog {
    const fd = openSync(folder.file('output'), 'wx+', 0o600);
    flock(fd);
    return new OutputLog(fd, new StreamMap(folder.file('streams'), 'wx+'), folder.record.outputLimit);
  }

  /** The log of a session to go on with; undefined while another link has it. */
  static take(folder: SessionFolder): OutputLog | undefined {
    const fd = openSync(folder.file('output'), 'r+');
    if (flock(fd))
      return new OutputLog(fd, new StreamMap(folder.file('streams'), 'r+'), folder.record.outputLimit);
    closeSync(fd);
    return undefined;
  }

  /** The log of a session that is over, to read. */
  static read(folder: SessionFolder): OutputLog {
    const map = new StreamMap(folder.file('streams'), 'r');
    return new OutputLog(openSync(folder.file('output'), 'r'), map, folder.record.outputLimit);
  }

  /** Offset of the first byte still kept. */
  get first(): number {
    return this.#map.first;
  }

  /** How many bytes have been printed: the offset of the next. */
  get end(): number {
    return this.#end;
  }

  /**
   * Moves what waits in pipe `from`, `maxMove` bytes at most. Returns as splice() does.
   * Throws ENOSPC and the like; the bytes are then still in the pipe.
   */
  append(from: number, stream: Stream): number | 'empty' | 'end' {
    this.#map.note(this.#end, stream);
    const moved = splice(from, this.#fd, this.#end, this.maxMove);
    if (typeof moved !== 'number') return moved;
    this.#end += moved;
    this.#dropOldest();
    return moved;
  }

  /** A position at `offset`, which must be from `first` to `end`. */
  position(offset: number): Position {
    return { offset, segment: this.#map.find(offset) };
  }

  /**
   * Reads up to `length` bytes of one stream at `at` into `target`, and moves `at` behind them.
   * 0 bytes when there are none yet.
   */
  read(at: Position, target: Buffer, start: number, length: number): { bytes: number; stream: Stream } {
    let next = this.#map.segment(at.segment + 1);
    while (next !== undefined && next.offset <= at.offset) {
      at.segment += 1;
      next = this.#map.segment(at.segment + 1);
    }
    const stream = this.#map.segment(at.segment)?.stream ?? 1;
    const until = Math.min(next?.offset ?? this.#end, this.#end, at.offset + length);
    const bytes = until > at.offset ? readSync(this.#fd, target, start, until - at.offset, at.offset) : 0;
    at.offset += bytes;
    return { bytes, stream };
  }

  [Symbol.dispose](): void {
    this.#map[Symbol.dispose]();
    closeSync(this.#fd);
  }

  /** In steps of an eighth of the limit, so that it is not done for each piece. */
  #dropOldest(): void {
    const first = this.#map.first;
    if (this.#end - first <= this.limit + this.limit / 8) return;
    const keepFrom = Math.floor((this.#end - this.limit) / BLOCK_BYTES) * BLOCK_BYTES;
    if (keepFrom <= first) return;
    this.#map.forgetBefore(keepFrom); // before the bytes go, or a later link would read zeros
    punchHole(this.#fd, first, keepFrom - first);
  }
}
