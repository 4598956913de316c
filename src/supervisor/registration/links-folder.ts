/**
 * The folder in which links make their sockets. It is opened once and reached through
 * /proc/self/fd, so that a long path fits into a socket address (unix(7): 107 bytes) and nobody
 * who swaps an ancestor folder leads the daemon elsewhere.
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

  /** A path to `name`, short enough to connect to. `name` is one that socket-name.ts has checked. */
  pathOf(name: string): string {
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }

  /** Throws LINK_REFUSED unless `name` is a socket that `uid` has made here. */
  async checkSocket(name: string, uid: number): Promise<void> {
    const entry = await lstat(this.pathOf(name)).catch((cause: unknown) => {
      throw new AppError('LINK_REFUSED', 'there is no such socket in the folder of links', { cause });
    });
    if (!entry.isSocket()) throw new AppError('LINK_REFUSED', 'what has this name is not a socket');
    if (entry.uid !== uid) throw new AppError('LINK_REFUSED', `the socket is not one of uid ${uid}`);
  }

  /** Every name that lies here, with its age in milliseconds, one at a time: there may be any number. */
  async *entries(nowMs: number): AsyncGenerator<{ name: string; ageMs: number; socket: boolean }> {
    for await (const { name } of await opendir(this.pathOf('.'))) {
      const entry = await lstat(this.pathOf(name)).catch(() => undefined);
      if (entry) yield { name, ageMs: nowMs - entry.ctimeMs, socket: entry.isSocket() };
    }
  }

  /** Removes a file; one that is gone already, or a folder, is left at that. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true }).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
