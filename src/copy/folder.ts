/**
 * An open folder, whose entries are reached through its descriptor (/proc/self/fd, proc(5)). Whoever renames
 * it, or puts a symbolic link in its place meanwhile, leads nothing elsewhere. An entry that is a symbolic
 * link is never followed. Everything throws the system's errors.
 */
import * as fs from 'node:fs';
import { codeOf } from '../errno.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;

/** Microseconds in a second. */
const US = 1e6;

export class Folder implements Disposable {
  readonly fd: number;
  #users = 1;
  #onClose: (() => void) | undefined;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens a folder by a path that a person has named: symbolic links in it are followed. */
  static open(path: Buffer): Folder {
    return new Folder(fs.openSync(path, O_RDONLY | O_DIRECTORY));
  }

  /** Opens the folder `name`. Throws ENOTDIR for a symbolic link. */
  child(name: Buffer): Folder {
    return new Folder(fs.openSync(this.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  /** Creates the folder `name` for its owner alone, unless there is one. Returns true when it is new. */
  make(name: Buffer): boolean {
    try {
      fs.mkdirSync(this.#at(name), 0o700);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Returns the names of its entries in order of their bytes. */
  names(): Buffer[] {
    return fs.readdirSync(`/proc/self/fd/${this.fd}`, { encoding: 'buffer' }).sort(Buffer.compare);
  }

  /** Returns what is known about an entry, or about a symbolic link itself; undefined when there is none. */
  stat(name: Buffer): fs.Stats | undefined {
    return fs.lstatSync(this.#at(name), { throwIfNoEntry: false });
  }

  /** Opens a file for reading. Never waits for the other end of a fifo. */
  read(name: Buffer): number {
    return fs.openSync(this.#at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  }

  /** Creates a file for its owner alone. Throws EEXIST. */
  create(name: Buffer): number {
    return fs.openSync(this.#at(name), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** Opens a file for reading and writing. */
  write(name: Buffer): number {
    return fs.openSync(this.#at(name), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  }

  readLink(name: Buffer): Buffer {
    return fs.readlinkSync(this.#at(name), { encoding: 'buffer' });
  }

  /** Creates a symbolic link. Throws EEXIST. */
  link(name: Buffer, target: Buffer): void {
    fs.symlinkSync(target, this.#at(name));
  }

  /** Sets the modification time of an entry, or of a symbolic link itself, in microseconds since 1970. */
  setTime(name: Buffer, modifiedUs: number): void {
    fs.lutimesSync(this.#at(name), modifiedUs / US, modifiedUs / US);
  }

  /** Gives an entry another name, in place of a file or symbolic link that has it. */
  rename(from: Buffer, to: Buffer): void {
    fs.renameSync(this.#at(from), this.#at(to));
  }

  /** Removes a file or symbolic link. */
  remove(name: Buffer): void {
    fs.unlinkSync(this.#at(name));
  }

  /** Keeps the folder open for another user, until a matching dispose. */
  share(): this {
    this.#users += 1;
    return this;
  }

  /** Sets what is called before the folder is closed; it must not throw. */
  beforeClose(work: () => void): void {
    this.#onClose = work;
  }

  [Symbol.dispose](): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#onClose?.();
    fs.closeSync(this.fd);
  }

  #at(name: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`/proc/self/fd/${this.fd}/`), name]);
  }
}

/** Returns a modification time in microseconds since 1970, of the years that a number can hold exactly. */
export function modifiedUs({ mtimeMs }: Pick<fs.Stats, 'mtimeMs'>): number {
  const us = Math.round(mtimeMs * 1000);
  return Math.min(Math.max(us, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}
