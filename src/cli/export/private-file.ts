/**
 * A new file that only its user can read. It appears under its name when it is complete; until then it has a
 * temporary name in the same folder.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, reasonOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { syncPath } from '../../system/atomic-file.ts';

export class PrivateFile implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #replaces: boolean;
  readonly #fd: number;

  /**
   * Begins a file; with `replaces`, an existing file of that name is replaced. Throws USAGE when there is one
   * that is not to be, or cannot be, replaced, and UNAVAILABLE when the file cannot be written.
   */
  constructor(path: string, replaces: boolean) {
    this.#path = path;
    this.#replaces = replaces;
    checkIsFree(path, replaces);
    this.#temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
    this.#fd = attempt(path, () => openSync(this.#temporary, 'wx', 0o600));
  }

  write(data: Uint8Array): void {
    attempt(this.#path, () => {
      for (let at = 0; at < data.length; ) at += writeSync(this.#fd, data, at);
    });
  }

  /** Gives the file its name. Throws USAGE when another one has got that name meanwhile. */
  publish(): void {
    attempt(this.#path, () => {
      fsyncSync(this.#fd);
      if (this.#replaces) renameSync(this.#temporary, this.#path);
      else linkSync(this.#temporary, this.#path);
      rmSync(this.#temporary, { force: true });
      syncPath(dirname(this.#path));
    });
  }

  /** Removes what is not published. */
  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#temporary, { force: true });
  }
}

/** Only files are replaced: a device or a link that is named here is hardly meant to be. */
function checkIsFree(path: string, replaces: boolean): void {
  const found = attempt(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  if (!found.isFile()) throw new AppError('USAGE', `${path} is there and is not a file`);
  if (!replaces) throw exists(path);
}

function exists(path: string): AppError {
  return new AppError('USAGE', `${path} exists already; --force replaces it`);
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw exists(path);
    throw new AppError('UNAVAILABLE', `cannot write ${path}: ${reasonOf(cause)}`, { cause });
  }
}
