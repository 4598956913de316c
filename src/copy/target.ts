/** The target of a copy: a folder that exists, or the name that a person has given. */
import { codeOf, reasonOf } from '../errno.ts';
import { AppError } from '../errors.ts';
import { bytesOf } from '../values/raw-text.ts';
import { Folder } from './folder.ts';
import { lastName } from './names.ts';

/** The place of a source: an entry of an open folder, or, without a name, the folder itself. */
export interface Place {
  readonly folder: Folder;
  readonly name: Buffer;
}

export class Target implements Disposable {
  readonly #folder: Folder;
  /** The name that the only source gets; undefined for the names of the sources. */
  readonly #name: Buffer | undefined;
  /** True when only a folder may be copied to it: its path ends with a slash. */
  readonly isFolder: boolean;

  private constructor(folder: Folder, isFolder: boolean, name?: Buffer) {
    this.#folder = folder;
    this.#name = name;
    this.isFolder = isFolder;
  }

  /**
   * Opens `path`, raw text; empty for the working directory. It must be a folder, or be new or a file, for a
   * single source. Throws START_FAILED.
   */
  static open(path: string, sources: number): Target {
    const bytes = bytesOf(path || '.');
    try {
      return new Target(Folder.open(bytes), false);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw unusable(path, reasonOf(error));
    }
    if (sources !== 1) throw unusable(path, 'it is no folder, and there are several sources');
    const name = lastName(bytes);
    if (name.length === 0) throw unusable(path, 'there is no such folder');
    const parent = bytes.subarray(0, bytes.lastIndexOf(name));
    try {
      const folder = Folder.open(parent.length === 0 ? Buffer.from('.') : parent);
      return new Target(folder, path.endsWith('/'), name);
    } catch (error) {
      throw unusable(path, reasonOf(error));
    }
  }

  /** Returns the place of a source called `name`, empty for the contents of a folder. */
  placeOf(name: Buffer): Place {
    return { folder: this.#folder, name: this.#name ?? name };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

function unusable(path: string, why: string): AppError {
  return new AppError('START_FAILED', `cannot copy to '${path}': ${why}`);
}
