/**
 * The folder of link sockets. It is opened once and reached through /proc/self/fd, so that a long path
 * fits into a socket address (unix(7): 107 bytes) and replacing an ancestor folder cannot redirect the
 * daemon.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, rm } from 'node:fs/promises';
import { AppError } from '../../errors.ts';

export class LinksFolder implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(path: string): Promise<LinksFolder> {
    return new LinksFolder(
      await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
    );
  }

  /**
   * Returns a path of `name` that is short enough to connect to. `name` must have been checked by
   * socket-name.ts.
   */
  pathOf(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }

  /** Throws LINK_REFUSED unless `name` is a socket created by `uid`. */
  async checkSocket(name: string, uid: number): Promise<void> {
    const entry = await lstat(this.pathOf(name)).catch((cause: unknown) => {
      throw new AppError('LINK_REFUSED', 'no such socket in the folder of links', { cause });
    });
    if (!entry.isSocket()) throw new AppError('LINK_REFUSED', 'not a socket');
    if (entry.uid !== uid) throw new AppError('LINK_REFUSED', `the socket does not belong to uid ${uid}`);
  }

  /** Yields every entry with its age in milliseconds, one at a time, because there may be any number. */
  async *entries(nowMs: number): AsyncGenerator<{ name: string; ageMs: number; socket: boolean }> {
    for await (const { name } of await opendir(this.pathOf('.'))) {
      const entry = await lstat(this.pathOf(name)).catch(() => undefined);
      if (entry) yield { name, ageMs: nowMs - entry.ctimeMs, socket: entry.isSocket() };
    }
  }

  /** Removes a file; ignores one that is gone, and a folder. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true }).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
