/**
 * Files and folders that must belong to this process alone: no symbolic link in their place, no other
 * owner, no looser mode. Each refusal is CONFIG_INVALID with the command that fixes it.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../errno.ts';
import { AppError } from '../errors.ts';
import { fileProblem } from './atomic-file.ts';

const WRITABLE_BY_OTHERS = 0o022;
const MAX_BYTES = 1024 * 1024;

/** The owner and mode that a file or folder must have. */
export interface Ownership {
  readonly uid: number;
  /** Mode bits that must not be set, for example 0o077. */
  readonly forbidden: number;
}

export interface OwnedFile {
  readonly data: Buffer;
  readonly entry: Stats;
}

/** The effective uid, which owns the files that this process creates. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

/** Reads a private key file (mode 0600 or stricter); undefined when there is none. */
export function readPrivateFile(path: string, uid = ownUid()): Buffer | undefined {
  return readOwnedFile(path, { uid, forbidden: 0o077 })?.data;
}

/**
 * Checks a private key file like `readPrivateFile`, without reading it. Returns false when there is none.
 */
export function checkPrivateFile(path: string, uid = ownUid()): boolean {
  return openOwnedFile(path, { uid, forbidden: 0o077 }, () => true) ?? false;
}

/** Reads a regular file of `uid` or root, at most 1 MiB; undefined when there is none. */
export function readOwnedFile(path: string, ownership: Ownership): OwnedFile | undefined {
  return openOwnedFile(path, ownership, (fd, entry) => ({ data: readFileSync(fd), entry }));
}

function openOwnedFile<T>(
  path: string,
  ownership: Ownership,
  use: (fd: number, entry: Stats) => T,
): T | undefined {
  const fd = openForReading(path);
  if (fd === undefined) return undefined;
  try {
    const entry = fstatSync(fd);
    if (!entry.isFile()) throw invalid(`${path} is not a regular file. Put a file in its place`);
    checkOwner(path, entry, ownership.uid);
    checkMode(path, entry, ownership.forbidden);
    if (entry.size > MAX_BYTES) {
      throw invalid(`${path} has ${entry.size} bytes; expected at most ${MAX_BYTES}. Make it smaller`);
    }
    return use(fd, entry);
  } catch (error) {
    throw fileProblem(error, `cannot read ${path}`);
  } finally {
    closeSync(fd);
  }
}

function openForReading(path: string): number | undefined {
  try {
    // Without O_NONBLOCK, a FIFO in the file's place would block the start forever.
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') throw invalid(`${path} is a symbolic link. Put the file itself there`);
    throw fileProblem(error, `cannot read ${path}`);
  }
}

/**
 * Makes sure that `path` is a folder of `uid` that this process can write to, without the mode bits of
 * `forbidden`. Creates it with `mode`, and missing parents, when it is missing. Throws CONFIG_INVALID.
 */
export function ensureFolder(path: string, mode: number, ownership: Ownership): void {
  if (checkFolder(path, ownership) !== undefined) return;
  try {
    makeFolder(path, mode);
  } catch (error) {
    throw fileProblem(error, `cannot use the folder ${path}`);
  }
  checkFolder(path, ownership);
}

/** Returns the entry of such a folder; undefined when there is none. Throws CONFIG_INVALID. */
export function checkFolder(path: string, { uid, forbidden }: Ownership): Stats | undefined {
  try {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return undefined;
    if (entry.isSymbolicLink())
      throw invalid(`${path} is a symbolic link. Use the folder that it points to instead`);
    if (!entry.isDirectory()) throw invalid(`${path} is not a folder. Move it away`);
    if (entry.uid !== uid) throw invalid(foreign(path, entry.uid, String(uid)));
    checkMode(path, entry, forbidden);
    accessSync(path, constants.W_OK | constants.X_OK);
    return entry;
  } catch (error) {
    throw fileProblem(error, `cannot use the folder ${path}`);
  }
}

/**
 * Sets `mode` independent of the umask; new parents are never looser. Creates one folder at a time, since
 * mkdirSync's `recursive` never returns where the kernel answers ENOENT, as in /proc.
 */
function makeFolder(path: string, mode: number): void {
  const parent = dirname(path);
  if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) makeFolder(parent, mode & 0o755);
  mkdirSync(path, { mode: mode & 0o755 });
  chmodSync(path, mode);
}

function checkOwner(path: string, entry: Stats, uid: number): void {
  if (entry.uid !== uid && entry.uid !== 0) throw invalid(foreign(path, entry.uid, `${uid} or root`));
}

function foreign(path: string, found: number, wanted: string): string {
  return `${path} belongs to uid ${found}; expected uid ${wanted}. Run: chown ${wanted.split(' ')[0]} ${path}`;
}

function checkMode(path: string, entry: Stats, forbidden: number): void {
  const mode = entry.mode & 0o7777;
  if ((mode & forbidden) === 0) return;
  const who = (mode & forbidden & WRITABLE_BY_OTHERS) !== 0 ? 'change' : 'read';
  throw invalid(
    `${path} has mode ${octal(mode)}, so that others can ${who} it; ` +
      `expected ${octal(mode & ~forbidden)}. Run: chmod ${octal(mode & ~forbidden)} ${path}`,
  );
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function invalid(message: string): AppError {
  return new AppError('CONFIG_INVALID', message);
}
