/**
 * The folder of this user's sessions: in the home folder of the user database, else below /var/tmp. Both
 * are searched, since a home may appear or vanish between two links.
 */
import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { punchHole } from '../../native/pipe.ts';
import { flock } from '../../native/process.ts';
import { SessionFolder } from './session-folder.ts';

const PRIVATE = 0o700;
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export class SessionsDir {
  /** Folder for new sessions. */
  readonly folder: string;
  readonly #folders: readonly string[];
  readonly #elsewhere: string;
  readonly #fallback: string;

  /** Throws START_FAILED when neither folder is usable. */
  constructor(owner: { home: string; uid: number }, serverId: string) {
    if (!SERVER_ID.test(serverId))
      throw new AppError('TOKEN_INVALID', "the server's id is not usable as a folder name");
    const home = join(owner.home, '.local', 'state', 'latchkey', serverId, 'sessions');
    const elsewhere = join('/var/tmp', `latchkey-${owner.uid}`);
    const fallback = join(elsewhere, serverId, 'sessions');
    this.#elsewhere = elsewhere;
    this.#fallback = fallback;
    this.#folders = [home, fallback];
    if (isUsable(() => makeFolders([home]))) this.folder = home;
    else {
      makeFolders([elsewhere, join(elsewhere, serverId), fallback]);
      this.folder = fallback;
    }
  }

  /** Opens the folder of a session; undefined when there is none. */
  open(id: string): SessionFolder | undefined {
    for (const parent of this.#folders) {
      // Any user may have created it below /var/tmp. When it is ours, no other user can move it (sticky bit).
      if (parent === this.#fallback && !isOwnFolder(this.#elsewhere)) continue;
      const folder = SessionFolder.open(parent, id);
      if (folder !== undefined) return folder;
    }
    return undefined;
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
