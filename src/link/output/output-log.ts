/**
 * A session's output: the bytes of both streams in order of arrival, each at its offset in one file. The
 * kernel moves the bytes (splice(2)), so that a kill -9 at any moment neither loses nor duplicates one.
 * The oldest bytes are dropped beyond the limit.
 */
import type { Mark, Recording, Stream } from '../../generated/latchkey/link/v1/link.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { OutputFiles } from './output-files.ts';
import { StreamMap } from './stream-map.ts';
import { TimeMap } from './time-map.ts';

const BLOCK_BYTES = 4096;
const MAX_MOVE_BYTES = 1024 * 1024;
const SMALLEST_LIMIT_BYTES = 64 * 1024;
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;
/** Bytes of output for each byte about its times, at least. */
const BYTES_PER_TIME_BYTE = 16;

type Flags = 'wx+' | 'r+' | 'r';

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
  readonly #times: TimeMap | undefined;
  readonly #recording: Recording;
  #end: number;

  private constructor(files: OutputFiles, map: StreamMap, folder: SessionFolder, flags: Flags) {
    const { outputLimit, term = '', shell = '' } = folder.record;
    this.#files = files;
    this.#map = map;
    this.limit = Math.min(Math.max(outputLimit || DEFAULT_LIMIT_BYTES, SMALLEST_LIMIT_BYTES), files.capacity);
    this.maxMove = Math.min(MAX_MOVE_BYTES, this.limit / 4);
    this.#times = openTimes(folder, flags, this.limit / BYTES_PER_TIME_BYTE);
    this.#recording = { term, shell };
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
  static #withMap(files: OutputFiles, folder: SessionFolder, flags: Flags): OutputLog {
    try {
      return new OutputLog(files, new StreamMap(folder.file('streams'), flags), folder, flags);
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
    this.#times?.note(this.#end, this.first);
    this.#end += moved;
    this.#dropOldest();
    return moved;
  }

  /** Records that the terminal has another size from here on. */
  resized(size: TerminalSize): void {
    this.#times?.resized(this.#end, size, this.first);
  }

  /** Describes the terminal; undefined when the times of the output are not kept. */
  get recording(): Recording | undefined {
    return this.#times && this.#recording;
  }

  /** Returns the marks of the output: see TimeMap.marks. */
  marks(...about: Parameters<TimeMap['marks']>): Mark[] {
    return this.#times?.marks(...about) ?? [];
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
    this.#times?.[Symbol.dispose]();
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

/** Returns undefined for a session without a terminal, or with one that a link of an earlier version had. */
function openTimes(folder: SessionFolder, flags: Flags, maxBytes: number): TimeMap | undefined {
  if (folder.record.terminal !== true) return undefined;
  const path = folder.file('times');
  if (flags === 'wx+') return TimeMap.create(path, { maxBytes });
  try {
    return flags === 'r+' ? TimeMap.take(path, { maxBytes }) : TimeMap.read(path, { maxBytes });
  } catch {
    return undefined; // the output matters more
  }
}
