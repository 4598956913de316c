/**
 * The folder of this user's sessions: in the home folder of the user database, else below /var/tmp. Both
 * are searched, since a home may appear or vanish between two links. Any user may take the name below
 * /var/tmp first; another one, with a random ending, is used then.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { punchHole } from '../../native/pipe.ts';
import { flock } from '../../native/process.ts';
import { SessionFolder } from './session-folder.ts';

const TEMPORARY = '/var/tmp';
const PRIVATE = 0o700;
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export class SessionsDir {
  /** Folder for new sessions. */
  readonly folder: string;
  readonly #home: string;
  readonly #serverId: string;
  /** Folders of this user below /var/tmp; their parents are checked at each use. */
  readonly #elsewhere: readonly string[];

  /** Throws START_FAILED when neither folder is usable. */
  constructor(owner: { home: string; uid: number }, serverId: string) {
    if (!SERVER_ID.test(serverId))
      throw new AppError('TOKEN_INVALID', "the server's id is not usable as a folder name");
    this.#serverId = serverId;
    this.#home = join(owner.home, '.local', 'state', 'latchkey', serverId, 'sessions');
    const name = join(TEMPORARY, `latchkey-${owner.uid}`);
    const elsewhere = [name, ...namesAfter(name)];
    if (isUsable(() => makeFolders([this.#home]))) this.folder = this.#home;
    else {
      const own = elsewhere.find(isOwnFolder) ?? createFolder(name);
      elsewhere.push(own);
      this.folder = makeFolders([own, join(own, serverId), this.#below(own)]);
    }
    this.#elsewhere = [...new Set(elsewhere)];
  }

  /** Opens the folder of a session; undefined when there is none. */
  open(id: string): SessionFolder | undefined {
    // Any user may have created a folder below /var/tmp. When it is ours, no other user can move it (sticky
    // bit).
    for (const parent of [
      this.#home,
      ...this.#elsewhere.filter(isOwnFolder).map((own) => this.#below(own)),
    ]) {
      const folder = SessionFolder.open(parent, id);
      if (folder !== undefined) return folder;
    }
    return undefined;
  }

  #below(own: string): string {
    return join(own, this.#serverId, 'sessions');
  }
}

/** Returns the folders that `createFolder` has made since another user took `name`. */
function namesAfter(name: string): string[] {
  const begin = `${basename(name)}-`;
  const found = existsSync(TEMPORARY) ? readdirSync(TEMPORARY) : [];
  return found.filter((entry) => entry.startsWith(begin)).map((entry) => join(TEMPORARY, entry));
}

/** Creates the folder `name`, or one with a random ending when that name is taken. */
function createFolder(name: string): string {
  try {
    mkdirSync(name, { mode: PRIVATE });
    return name;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return mkdtempSync(`${name}-`);
  }
}

/**
 * Creates each folder, the first one with its ancestors, and makes sure that it belongs to this user
 * alone.
 */
function makeFolders(paths: readonly string[]): string {
  for (const path of paths) {
    mkdirSync(path, { recursive: true, mode: PRIVATE });
    const stats = lstatSync(path);
    if (!stats.isDirectory() || stats.uid !== process.geteuid?.())
      throw new AppError('START_FAILED', `${path} is not a folder owned by this user`);
    if ((stats.mode & 0o077) !== 0) chmodSync(path, PRIVATE);
  }
  return paths.at(-1) ?? '';
}

function isOwnFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === process.geteuid?.();
}

/**
 * Returns true when files there can be locked and have holes punched, which some network file systems
 * lack. A full disk counts as usable.
 */
function isUsable(make: () => string): boolean {
  let probe: string | undefined;
  try {
    probe = join(make(), `.probe-${process.pid}`);
    const fd = openSync(probe, 'w+', 0o600);
    try {
      writeSync(fd, Buffer.alloc(4096));
      punchHole(fd, 0, 4096);
      return flock(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
  } finally {
    if (probe !== undefined) rmSync(probe, { force: true });
  }
}
