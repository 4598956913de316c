/**
 * Reads files that are trusted only when their owner and mode are right. The file is opened first and then
 * checked, so that the file read is the file checked. Symbolic links are not followed, and a FIFO does not
 * block.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { codeOf, reasonOf } from '../errno.ts';
import { AppError } from '../errors.ts';

/**
 * Returns the text of the regular file at `path`, called `name` in messages; undefined when there is none.
 * `problem` completes "`name` …" when the file is not acceptable. Throws NOT_TRUSTED.
 */
export function readCheckedFile(
  path: string,
  name: string,
  problem: (entry: Stats) => string | undefined,
): string | undefined {
  const fd = openIfExists(path, name);
  if (fd === undefined) return undefined;
  try {
    const entry = fstatSync(fd);
    const wrong = entry.isFile() ? problem(entry) : 'is not a regular file';
    if (wrong !== undefined) throw new AppError('NOT_TRUSTED', `${name} ${wrong}`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function openIfExists(path: string, name: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new AppError('NOT_TRUSTED', `${name} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
