/**
 * Files that are there whole or not at all, whenever the process is killed or the power fails:
 * written under a temporary name in the same folder, synced, put in place, folder synced.
 * open(2), rename(2), link(2), fsync(2).
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
import { codeOf } from '../errno.ts';
import { AppError } from '../errors.ts';

const LEFTOVER = /^\..+\.[0-9a-f]{16}\.tmp$/;
const LEFTOVER_AGE_MS = 60_000;

/** Puts `data` at `path`, replacing what is there. Throws CONFIG_INVALID or UNAVAILABLE. */
export function writeDurably(path: string, data: string | Uint8Array, mode: number): void {
  place(path, data, mode, renameSync);
}

/**
 * Puts `data` at `path` only if nothing is there. Of several processes at once exactly one gets
 * true; the others get false, and then the winner's file is complete.
 */
export function createDurably(path: string, data: string | Uint8Array, mode: number): boolean {
  try {
    place(path, data, mode, linkSync);
    return true;
  } catch (error) {
    if (error instanceof AppError && codeOf(error.cause) === 'EEXIST') return false;
    throw error;
  }
}

function place(
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
    fchmodSync(fd, mode); // whatever the umask says
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes what is in the file last, or the names that were put into or removed from the folder. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes temporary files of writers that were killed: those older than a minute. */
export function removeLeftovers(folder: string, nowMs: number): void {
  for (const name of readdirSync(folder)) {
    if (!LEFTOVER.test(name)) continue;
    const path = join(folder, name);
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry !== undefined && nowMs - entry.mtimeMs > LEFTOVER_AGE_MS) rmSync(path, { force: true });
  }
}

/** What the administrator has to change, as against what may pass by itself (a full disk). */
const THEIRS_TO_CHANGE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link',
  ENAMETOOLONG: 'the name is too long',
};

/** An AppError saying `doing` and why; CONFIG_INVALID where only the administrator can help. */
export function fileProblem(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error) ?? 'unknown error';
  const theirs = THEIRS_TO_CHANGE[code];
  if (theirs !== undefined) return new AppError('CONFIG_INVALID', `${doing}: ${theirs}`, { cause: error });
  const why = code === 'ENOSPC' ? 'no space left on the device' : code;
  return new AppError('UNAVAILABLE', `${doing}: ${why}`, { cause: error });
}
