/**
 * Writes files atomically and durably: written under a temporary name in the same folder, synced, renamed
 * or linked, folder synced. Whenever the process is killed or the power fails, a file is complete or
 * absent. See open(2), rename(2), link(2), fsync(2).
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, reasonOf } from '../errno.ts';
import { AppError } from '../errors.ts';

const LEFTOVER = /^\..+\.[0-9a-f]{16}\.tmp$/;
const LEFTOVER_AGE_MS = 60_000;

/** Writes `data` to `path`, replacing an existing file. Throws CONFIG_INVALID or UNAVAILABLE. */
export function writeDurably(path: string, data: string | Uint8Array, mode: number): void {
  putAtomically(path, data, mode, renameSync);
}

/**
 * Writes `data` to `path` only if it does not exist. Exactly one of several concurrent processes gets
 * true; the others get false, when the winner's file is complete.
 */
export function createDurably(path: string, data: string | Uint8Array, mode: number): boolean {
  try {
    putAtomically(path, data, mode, linkSync);
    return true;
  } catch (error) {
    if (error instanceof AppError && codeOf(error.cause) === 'EEXIST') return false;
    throw error;
  }
}

function putAtomically(
  path: string,
  data: string | Uint8Array,
  mode: number,
  put: (from: string, to: string) => void,
): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeSynced(temporary, data, mode);
    put(temporary, path);
    rmSync(temporary, { force: true });
    syncPath(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileProblem(error, `cannot write ${path}`);
  }
}

function writeSynced(path: string, data: string | Uint8Array, mode: number): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(fd, data);
    fchmodSync(fd, mode); // independent of the umask
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Syncs a file's content to disk, or a folder's entries. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes temporary files older than a minute, left by writers that were killed. */
export function removeLeftovers(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder)) {
    if (!LEFTOVER.test(name)) continue;
    const path = join(folder, name);
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry !== undefined && nowMs - entry.mtimeMs > LEFTOVER_AGE_MS) rmSync(path, { force: true });
  }
}

/** Errors that only the administrator can fix; others, such as a full disk, may pass by themselves. */
const ADMINISTRATOR_ERRORS: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
]);

/**
 * Makes an AppError that says `doing` and the reason: CONFIG_INVALID for an error that only the
 * administrator can fix, otherwise UNAVAILABLE.
 */
export function fileProblem(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const code = ADMINISTRATOR_ERRORS.has(codeOf(error)) ? 'CONFIG_INVALID' : 'UNAVAILABLE';
  return new AppError(code, `${doing}: ${reasonOf(error)}`, { cause: error });
}
