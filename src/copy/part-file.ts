/**
 * A file that is being received. Until it is complete it has another name, ".NAME.latchkey-part", in the
 * same folder, and only its owner can read it. What has been received stays there when the copy ends early,
 * and the next one goes on from it. Only one copy writes to it at a time. Everything throws the system's
 * errors.
 */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../errno.ts';
import { flock } from '../native/process.ts';
import { rawText } from '../values/raw-text.ts';
import type { Folder } from './folder.ts';
import { hashOf } from './hash.ts';
import { Refusal } from './refusal.ts';

const SUFFIX = '.latchkey-part';
const MAX_NAME_BYTES = 255;
/** Time that another copy gets to end, in milliseconds: more than one whose client has gone takes. */
const LOCK_WAIT_MS = 35_000;
const LOCK_POLL_MS = 50;
const PERMISSIONS = 0o777;
const OTHERS_MAY_WRITE = 0o022;

/** Returns the name of the file while it is incomplete. */
function partName(name: Buffer): Buffer {
  const readable = Buffer.concat([Buffer.from('.'), name, Buffer.from(SUFFIX)]);
  if (readable.length <= MAX_NAME_BYTES) return readable;
  return Buffer.from(`.${createHash('sha256').update(name).digest('hex')}${SUFFIX}`);
}

export class PartFile {
  /** Bytes that were there already, of an earlier attempt. */
  readonly before: number;
  readonly #folder: Folder;
  readonly #name: Buffer;
  readonly #part: Buffer;
  readonly #fd: number;
  #at = 0;

  private constructor(folder: Folder, name: Buffer, part: Buffer, fd: number) {
    this.#folder = folder.share();
    this.#name = name;
    this.#part = part;
    this.#fd = fd;
    this.before = fs.fstatSync(fd).size;
  }

  /** Opens the incomplete file of an earlier attempt, or a new one. Throws Refusal when it is not usable. */
  static async open(folder: Folder, name: Buffer): Promise<PartFile> {
    const part = partName(name);
    for (let waitedMs = 0; ; waitedMs += LOCK_POLL_MS) {
      const fd = openPart(folder, part);
      try {
        if (locked(fd) && isSame(fs.fstatSync(fd), folder.stat(part)))
          return new PartFile(folder, name, part, fd);
      } catch (error) {
        fs.closeSync(fd);
        throw error;
      }
      fs.closeSync(fd);
      if (waitedMs >= LOCK_WAIT_MS) throw unusable(part, 'another copy writes to');
      await sleep(LOCK_POLL_MS);
    }
  }

  /** True when there is something of an earlier attempt, or something else with that name. */
  static isThere(folder: Folder, name: Buffer): boolean {
    return folder.stat(partName(name)) !== undefined;
  }

  /** Resolves with the SHA-256 of the bytes that were there already. */
  hash(): Promise<Buffer> {
    return hashOf(this.#fd, this.before);
  }

  /** Keeps the first `offset` bytes; what is written follows them. */
  begin(offset: number): void {
    fs.ftruncateSync(this.#fd, offset);
    this.#at = offset;
  }

  /** Writes the next bytes. */
  write(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0; ) {
      const written = fs.writeSync(this.#fd, rest, 0, rest.length, this.#at);
      this.#at += written;
      rest = rest.subarray(written);
    }
  }

  /** Continues with `bytes` zeros, which take no space. */
  writeZeros(bytes: number): void {
    this.#at += bytes;
    fs.ftruncateSync(this.#fd, this.#at);
  }

  /** Number of bytes in the file so far. */
  get bytes(): number {
    return this.#at;
  }

  /** Gives the complete file its name. The file that has it is replaced. */
  finish(mode: number, modifiedUs: number | undefined): void {
    fs.fchmodSync(this.#fd, mode & PERMISSIONS);
    if (modifiedUs !== undefined) fs.futimesSync(this.#fd, modifiedUs / 1e6, modifiedUs / 1e6);
    this.#folder.rename(this.#part, this.#name);
    this.#close();
  }

  /** Ends without a complete file: what there is stays for the next attempt. */
  leave(): void {
    if (fs.fstatSync(this.#fd).size === 0) this.remove();
    else this.#close();
  }

  /** Removes what there is. */
  remove(): void {
    try {
      this.#folder.remove(this.#part);
    } catch {
      // It stays, like what is left.
    }
    this.#close();
  }

  #close(): void {
    fs.closeSync(this.#fd);
    this.#folder[Symbol.dispose]();
  }
}

/** Opens the file, which another user may have put there, only when nobody else can change it. */
function openPart(folder: Folder, part: Buffer): number {
  try {
    return folder.create(part);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  let fd: number;
  try {
    fd = folder.write(part);
  } catch (error) {
    if (codeOf(error) !== 'ELOOP') throw error;
    throw unusable(part, 'a symbolic link has the name');
  }
  const stats = fs.fstatSync(fd);
  const isOwn = stats.isFile() && stats.uid === process.geteuid?.() && stats.nlink === 1;
  if (isOwn && (stats.mode & OTHERS_MAY_WRITE) === 0) {
    fs.fchmodSync(fd, 0o600);
    return fd;
  }
  fs.closeSync(fd);
  throw unusable(part, 'somebody else could change');
}

function unusable(part: Buffer, why: string): Refusal {
  return new Refusal(`${why} ${rawText(part)}, the file for what is incomplete`);
}

/** Locks the file; a file system without locks has none to wait for. */
function locked(fd: number): boolean {
  try {
    return flock(fd);
  } catch {
    return true;
  }
}

/** True when the name still means the open file: another copy may just have completed it. */
function isSame(one: fs.Stats, other: fs.Stats | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev;
}
