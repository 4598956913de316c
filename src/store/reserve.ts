/**
 * Disk space reserved for revocations (DESIGN 9): a file of random bytes beside the database, deleted
 * when the disk is full so that urgent commits still succeed.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, rmSync, writeSync } from 'node:fs';

const RETRY_MS = 1000;
export const RESERVE_BYTES = 4 * 1024 * 1024;

/** Returns the path of the reserve of the database at `path`. */
export function reservePath(path: string): string {
  return `${path}-reserve`;
}

/** Returns true when the file occupies all of its space on the disk. */
export function isReserved(path: string, bytes = RESERVE_BYTES): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === bytes && stat.blocks * 512 >= bytes;
}

export class Reserve {
  readonly #path: string;
  readonly #bytes: number;
  #held = false;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** With `bytes` 0 there is no reserve, and `ensure` always returns true. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Returns true when the space is reserved; tries to reserve it again, at most once a second. */
  ensure(): boolean {
    if (this.#held || this.#bytes === 0) return true;
    if (performance.now() - this.#triedAt < RETRY_MS) return false;
    this.#triedAt = performance.now();
    this.#held = isReserved(this.#path, this.#bytes) || this.#take();
    return this.#held;
  }

  /** Frees the space for the next commit. Returns false when there was none. */
  release(): boolean {
    if (!this.#held) return false;
    this.#held = false;
    this.#triedAt = performance.now();
    return this.#delete();
  }

  /** Uses random bytes, because a file system may compress zeros to nothing. */
  #take(): boolean {
    try {
      if (!this.#delete()) return false;
      const file = openSync(this.#path, 'wx', 0o600);
      try {
        const bytes = randomBytes(this.#bytes);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      this.#delete();
      return false;
    }
  }

  #delete(): boolean {
    try {
      rmSync(this.#path, { force: true });
      return true;
    } catch {
      return false;
    }
  }
}
