/**
 * The files that hold a session's output: one, or, where this process may only write small ones
 * (setrlimit(2), RLIMIT_FSIZE), several that continue each other. The name of each but the first has the
 * offset at which it starts.
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { punchHole, splice } from '../../native/pipe.ts';
import { flock } from '../../native/process.ts';
import type { SessionFolder } from '../session/session-folder.ts';

const FIRST = 'output';
const LATER = /^output\.(\d+)$/;
/** Descriptors of one session's output, at most, so that many sessions fit into a limit of open files. */
const MAX_FILES = 16;

type Flags = 'wx+' | 'r+' | 'r';

interface OutputFile {
  /** Offset of its first byte in the output. */
  readonly start: number;
  readonly path: string;
  readonly fd: number;
}

export class OutputFiles implements Disposable {
  readonly #folder: SessionFolder;
  /** Ordered by their starts; never empty. */
  readonly #files: OutputFile[] = [];
  readonly #fileBytes: number;

  private constructor(folder: SessionFolder, fileBytes: number) {
    this.#folder = folder;
    this.#fileBytes = fileBytes;
  }

  /**
   * Opens the files, 'wx+' creates the first; locks it unless it is opened for reading, and returns undefined
   * while another link has it locked. No file gets larger than `fileBytes`.
   */
  static open(folder: SessionFolder, flags: Flags, fileBytes = ownFileLimit()): OutputFiles | undefined {
    const files = new OutputFiles(folder, fileBytes);
    try {
      files.#add(0, FIRST, flags);
      if (flags === 'r' || flock(files.#last.fd)) {
        for (const start of startsIn(folder)) files.#add(start, `${FIRST}.${start}`, flags);
        return files;
      }
    } catch (error) {
      files[Symbol.dispose]();
      throw error;
    }
    files[Symbol.dispose]();
    return undefined;
  }

  /** Bytes that can be kept at most. */
  get capacity(): number {
    return MAX_FILES * this.#fileBytes;
  }

  /** Number of bytes written so far. */
  get end(): number {
    const { start, fd } = this.#last;
    return start + fstatSync(fd).size;
  }

  /** Moves at most `length` bytes from the pipe `from` to `offset`, the end; returns as splice() does. */
  append(from: number, offset: number, length: number): number | 'empty' | 'end' {
    if (offset - this.#last.start >= this.#fileBytes) this.#add(offset, `${FIRST}.${offset}`, 'wx+');
    const { start, fd } = this.#last;
    return splice(from, fd, offset - start, Math.min(length, start + this.#fileBytes - offset));
  }

  /** Reads at most `length` bytes at `offset`, those of one file; returns their number. */
  read(offset: number, target: Buffer, at: number, length: number): number {
    const index = this.#files.findLastIndex(({ start }) => start <= offset);
    const file = this.#files[index] ?? this.#last;
    const until = this.#files[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    return readSync(file.fd, target, at, Math.min(length, until - offset), offset - file.start);
  }

  /** Frees the space of the bytes from `first` to `before`. The first file stays, because it is the lock. */
  drop(first: number, before: number): void {
    for (const [index, { start, path, fd }] of [...this.#files.entries()].reverse()) {
      const end = Math.min(before, this.#files[index + 1]?.start ?? before);
      if (index > 0 && end < before && start < end) {
        this.#files.splice(index, 1);
        closeSync(fd);
        unlinkSync(path);
      } else if (end > Math.max(first, start))
        punchHole(fd, Math.max(first - start, 0), end - Math.max(first, start));
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#files.splice(0)) closeSync(fd);
  }

  get #last(): OutputFile {
    const last = this.#files.at(-1);
    if (last === undefined) throw new Error('the output has no file');
    return last;
  }

  #add(start: number, name: typeof FIRST | `${typeof FIRST}.${number}`, flags: Flags): void {
    const path = this.#folder.file(name);
    this.#files.push({ start, path, fd: openSync(path, flags, 0o600) });
  }
}

/** Returns the starts of the files after the first, in order. */
function startsIn(folder: SessionFolder): number[] {
  const starts = readdirSync(folder.path).flatMap((name) => LATER.exec(name)?.[1] ?? []);
  return starts.map(Number).sort((one, other) => one - other);
}

let knownLimit: number | undefined;

/** Returns this process's soft limit of the size of files, in bytes (proc_pid_limits(5)). */
function ownFileLimit(): number {
  const [, limit] = /^Max file size +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  knownLimit ??= limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  return knownLimit;
}
