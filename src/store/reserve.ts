/**
 * Room on the disk that is kept for revocations (DESIGN 9): a file of random bytes beside the
 * database, deleted when the disk is full so that what must be written still can be.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, rmSync, writeSync } from 'node:fs';

const RETRY_MS = 1000;
export const RESERVE_BYTES = 4 * 1024 * 1024;

/** Where the reserve of the database at `path` lies. */
export function reservePath(path: string): string {
  return `${path}-reserve`;
}

/** Whether all of the room is really taken on the disk. */
export function isWhole(path: string, bytes = RESERVE_BYTES): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === bytes && stat.blocks * 512 >= bytes;
}

export class Reserve {
  readonly #path: string;
  readonly #bytes: number;
  #held = false;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** `bytes` 0: no reserve is kept, and none is missed. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Whether the room is kept now; takes it again where it can, and tries that once a second at most. */
  ensure(): boolean {
    if (this.#held || this.#bytes === 0) return true;
    if (performance.now() - this.#triedAt < RETRY_MS) return false;
    this.#triedAt = performance.now();
    this.#held = isWhole(this.#path, this.#bytes) || this.#take();
    return this.#held;
  }

  /** Gives the room to whoever writes next; whether there was any to give. */
  release(): boolean {
    if (!this.#held) return false;
    this.#held = false;
    this.#triedAt = performance.now();
    return this.#delete();
  }

  /** Random bytes, because a file system may store zeros as nothing. */
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
