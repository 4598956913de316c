/**
 * A session's output: the bytes of both streams in order of arrival, each at its offset in one file. The
 * kernel moves the bytes (splice(2)), so that a kill -9 at any moment neither loses nor duplicates one.
 * The oldest bytes are dropped beyond the limit.
 */
import type { Stream } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { OutputFiles } from './output-files.ts';
import { StreamMap } from './stream-map.ts';

const BLOCK_BYTES = 4096;
const MAX_MOVE_BYTES = 1024 * 1024;
const SMALLEST_LIMIT_BYTES = 64 * 1024;
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Position of a reader: an offset, and the index of the segment that it lies in. */
export interface Position {
  offset: number;
  segment: number;
}

export class OutputLog implements Disposable {
  readonly limit: number;
  /** Bytes moved at once, at most: few enough that a reader which holds the program is never overrun. */
  readonly maxMove: number;
  readonly #files: OutputFiles;
  readonly #map: StreamMap;
  #end: number;

  private constructor(files: OutputFiles, map: StreamMap, limit: number) {
    this.#files = files;
    this.#map = map;
    this.limit = Math.min(Math.max(limit || DEFAULT_LIMIT_BYTES, SMALLEST_LIMIT_BYTES), files.capacity);
    this.maxMove = Math.min(MAX_MOVE_BYTES, this.limit / 4);
    this.#end = files.end;
  }

  /** Creates and locks the log in a new session's folder. `fileBytes` is the size of a file at most. */
  static create(folder: SessionFolder, fileBytes?: number): OutputLog {
    const files = OutputFiles.open(folder, 'wx+', fileBytes);
    if (files === undefined) throw new Error('the log of a new session is locked');
    return OutputLog.#withMap(files, folder, 'wx+');
  }

  /** Opens and locks the log of a running session; returns undefined while another link has it locked. */
  static take(folder: SessionFolder, fileBytes?: number): OutputLog | undefined {
    const files = OutputFiles.open(folder, 'r+', fileBytes);
    return files && OutputLog.#withMap(files, folder, 'r+');
  }

  /** Opens the log of a session that has ended, for reading. */
  static read(folder: SessionFolder): OutputLog {
    const files = OutputFiles.open(folder, 'r');
    if (files === undefined) throw new Error('a log that is only read is locked');
    return OutputLog.#withMap(files, folder, 'r');
  }

  /** Takes ownership of `files`, also when it throws. */
  static #withMap(files: OutputFiles, folder: SessionFolder, flags: 'wx+' | 'r+' | 'r'): OutputLog {
    try {
      return new OutputLog(files, new StreamMap(folder.file('streams'), flags), folder.record.outputLimit);
    } catch (error) {
      files[Symbol.dispose]();
      throw error;
    }
  }

  /** Offset of the first byte that is still kept. */
  get first(): number {
    return this.#map.first;
  }

  /** Number of bytes printed so far: the offset of the next one. */
  get end(): number {
    return this.#end;
  }

  /**
   * Moves bytes from the pipe `from`, at most `maxMove`; returns as splice() does. Throws ENOSPC and
   * similar; the bytes then stay in the pipe.
   */
  append(from: number, stream: Stream): number | 'empty' | 'end' {
    this.#map.note(this.#end, stream);
    const moved = this.#files.append(from, this.#end, this.maxMove);
    if (typeof moved !== 'number') return moved;
    this.#end += moved;
    this.#dropOldest();
    return moved;
  }

  /** Returns the position at `offset`, which must be between `first` and `end`. */
  position(offset: number): Position {
    return { offset, segment: this.#map.find(offset) };
  }

  /**
   * Reads up to `length` bytes of one stream at `at` into `target`, and advances `at`. Returns 0 bytes when
   * none are there yet.
   */
  read(at: Position, target: Buffer, start: number, length: number): { bytes: number; stream: Stream } {
    let next = this.#map.segment(at.segment + 1);
    while (next !== undefined && next.offset <= at.offset) {
      at.segment += 1;
      next = this.#map.segment(at.segment + 1);
    }
    const stream = this.#map.segment(at.segment)?.stream ?? 1;
    const until = Math.min(next?.offset ?? this.#end, this.#end, at.offset + length);
    const bytes = until > at.offset ? this.#files.read(at.offset, target, start, until - at.offset) : 0;
    at.offset += bytes;
    return { bytes, stream };
  }

  [Symbol.dispose](): void {
    this.#map[Symbol.dispose]();
    this.#files[Symbol.dispose]();
  }

  /** Drops an eighth of the limit at a time, rather than a little for each append. */
  #dropOldest(): void {
    const first = this.#map.first;
    if (this.#end - first <= this.limit + this.limit / 8) return;
    const keepFrom = Math.floor((this.#end - this.limit) / BLOCK_BYTES) * BLOCK_BYTES;
    if (keepFrom <= first) return;
    this.#map.forgetBefore(keepFrom); // first: after a crash in between, a link would read zeros
    this.#files.drop(first, keepFrom);
  }
}
