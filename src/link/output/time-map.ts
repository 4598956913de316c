/**
 * Says when the bytes of a session's output were moved to its log, and in which size of the terminal: a file
 * of 16-byte entries. Each holds the offset (6 bytes, big-endian) from which on it is valid, milliseconds
 * since 1970 (6 bytes; the first bit is set for an entry that is late), and columns and rows (2 bytes each; 0
 * when they are not known). Offsets increase. Times never decrease: they stand still after the clock is set
 * back.
 *
 * The file is bounded: once full, it is replaced by one without the entries of dropped output, and with a
 * coarser resolution. A file that cannot be written costs times, never output.
 */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import type { Mark } from '../../generated/latchkey/link/v1/link.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';

const ENTRY_BYTES = 16;
const LATE = 2 ** 47;
/** Output that follows within this time gets no entry of its own. */
const RESOLUTION_MS = 10;
const COARSEST_MS = 86_400_000;

export interface TimeMapOptions {
  /** Size of the file in bytes, at most. */
  readonly maxBytes: number;
  /** Returns milliseconds since 1970. */
  readonly now?: () => number;
}

export class TimeMap implements Disposable {
  readonly #path: string;
  readonly #maxEntries: number;
  readonly #now: () => number;
  #fd: number;
  #entries: number;
  #last: Mark | undefined;
  /** True until the first output after another link has written the map. */
  #isLate: boolean;
  /** True once the file could not be written. */
  #hasFailed = false;

  private constructor(path: string, fd: number, { maxBytes, now = Date.now }: TimeMapOptions) {
    this.#path = path;
    this.#fd = fd;
    this.#maxEntries = Math.floor(maxBytes / ENTRY_BYTES);
    this.#now = now;
    this.#entries = Math.floor(fstatSync(fd).size / ENTRY_BYTES);
    this.#last = this.#entry(this.#entries - 1);
    this.#isLate = false;
  }

  /** Creates the map of a new session. */
  static create(path: string, options: TimeMapOptions): TimeMap {
    return new TimeMap(path, openSync(path, 'wx+', 0o600), options);
  }

  /** Opens the map of a session that another link has had; links of earlier versions have made none. */
  static take(path: string, options: TimeMapOptions): TimeMap {
    const map = new TimeMap(path, openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600), options);
    map.#isLate = true;
    return map;
  }

  /** Opens the map of a session that has ended, for reading. Throws ENOENT when there is none. */
  static read(path: string, options: TimeMapOptions): TimeMap {
    return new TimeMap(path, openSync(path, 'r'), options);
  }

  /** Records that the bytes from `offset` on have just been moved; those before `first` have been dropped. */
  note(offset: number, first: number): void {
    const time = this.#time();
    if (!this.#isLate && this.#last !== undefined && time - this.#last.time < RESOLUTION_MS) return;
    this.#add({ offset, time, size: this.#last?.size, late: this.#isLate }, first);
    this.#isLate = false;
  }

  /** Records that the terminal has the size `size` from `offset` on. */
  resized(offset: number, size: TerminalSize, first: number): void {
    this.#add({ offset, time: this.#time(), size, late: false }, first);
  }

  /**
   * Returns up to `most` marks after `last`, from offsets up to `end`; without `last`, from the one on that
   * holds at `offset`.
   */
  marks(last: Mark | undefined, offset: number, end: number, most: number): Mark[] {
    const marks: Mark[] = [];
    const begin =
      last === undefined ? Math.max(0, this.#count(startsBy(offset)) - 1) : this.#count(upTo(last));
    for (let index = begin; marks.length < most; index += 1) {
      const mark = this.#entry(index);
      if (mark === undefined || mark.offset > end) break;
      marks.push(mark);
    }
    return marks;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #time(): number {
    return Math.max(this.#now(), this.#last?.time ?? 0);
  }

  /** Adds an entry. One with the offset of the last replaces it, since nothing was printed in between. */
  #add(mark: Mark, first: number): void {
    const last = this.#last;
    const replaces = last !== undefined && last.offset === mark.offset;
    // A later time tells a reader of the replaced entry that there is a new one.
    const added = replaces ? { ...mark, time: Math.max(mark.time, last.time + 1) } : mark;
    try {
      if (!replaces && this.#entries >= this.#maxEntries) this.#compact(first);
      const index = replaces ? this.#entries - 1 : this.#entries;
      writeAll(this.#fd, encoded(added), index * ENTRY_BYTES);
      this.#entries = index + 1;
      this.#last = added;
    } catch {
      // The bytes get the time of an earlier entry.
    }
  }

  /** Replaces the file by one that is at most half full. */
  #compact(first: number): void {
    if (this.#hasFailed) throw new Error('the map cannot be replaced');
    this.#hasFailed = true;
    const begin = Math.max(0, this.#count(startsBy(first)) - 1) * ENTRY_BYTES;
    let entries: Buffer = Buffer.alloc(this.#entries * ENTRY_BYTES - begin);
    readSync(this.#fd, entries, 0, entries.length, begin);
    const most = Math.floor(this.#maxEntries / 2) * ENTRY_BYTES;
    for (let gap = 2 * RESOLUTION_MS; entries.length > most && gap <= COARSEST_MS; gap *= 2)
      entries = coarser(entries, gap);
    entries = entries.subarray(-most);
    const path = `${this.#path}.new`;
    const fd = openSync(path, 'w+', 0o600);
    try {
      writeAll(fd, entries, 0);
      renameSync(path, this.#path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#entries = entries.length / ENTRY_BYTES;
    this.#hasFailed = false;
  }

  /** Returns the number of entries for which `isIn` holds: the first ones. */
  #count(isIn: (mark: Mark) => boolean): number {
    let [low, high] = [0, this.#entries];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const mark = this.#entry(middle);
      if (mark !== undefined && isIn(mark)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #entry(index: number): Mark | undefined {
    if (index < 0 || index >= this.#entries) return undefined;
    const entry = Buffer.alloc(ENTRY_BYTES);
    readSync(this.#fd, entry, 0, ENTRY_BYTES, index * ENTRY_BYTES);
    return decoded(entry, 0);
  }
}

function startsBy(offset: number): (mark: Mark) => boolean {
  return (mark) => mark.offset <= offset;
}

function upTo(last: Mark): (mark: Mark) => boolean {
  return ({ offset, time }) => offset < last.offset || (offset === last.offset && time <= last.time);
}

/** Leaves out entries that follow another one within `gapMs`, unless they are late or change the size. */
function coarser(entries: Buffer, gapMs: number): Buffer {
  const kept = Buffer.alloc(entries.length);
  let end = 0;
  let last: Mark | undefined;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const mark = decoded(entries, at);
    const isNeeded =
      last === undefined || mark.late || !isSame(mark.size, last.size) || mark.time - last.time >= gapMs;
    if (!isNeeded) continue;
    end += entries.copy(kept, end, at, at + ENTRY_BYTES);
    last = mark;
  }
  return kept.subarray(0, end);
}

function isSame(one: TerminalSize | undefined, other: TerminalSize | undefined): boolean {
  return one?.columns === other?.columns && one?.rows === other?.rows;
}

function encoded({ offset, time, late, size }: Mark): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeUIntBE(offset, 0, 6);
  entry.writeUIntBE(time + (late ? LATE : 0), 6, 6);
  entry.writeUInt16BE(size?.columns ?? 0, 12);
  entry.writeUInt16BE(size?.rows ?? 0, 14);
  return entry;
}

function decoded(entries: Buffer, at: number): Mark {
  const time = entries.readUIntBE(at + 6, 6);
  const size = { columns: entries.readUInt16BE(at + 12), rows: entries.readUInt16BE(at + 14) };
  return {
    offset: entries.readUIntBE(at, 6),
    time: time % LATE,
    size: size.columns > 0 ? size : undefined,
    late: time >= LATE,
  };
}

function writeAll(fd: number, data: Buffer, position: number): void {
  const written = writeSync(fd, data, 0, data.length, position);
  if (written !== data.length) throw Object.assign(new Error('write: ENOSPC'), { code: 'ENOSPC' });
}
