/**
 * The folder of this user's sessions: in the home folder of the user database, else below /var/tmp. Both
 * are searched, since a home may appear or vanish between two links. Any user may take the name below
 * /var/tmp first; another one, with a random ending, is used then. New sessions also go there while the home
 * folder has no room.
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
  statfsSync,
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
/** Space for a session's files and its first output, in bytes. */
const ROOM_BYTES = 1024 * 1024;
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** The user whose sessions these are. */
interface Owner {
  readonly home: string;
  readonly uid: number;
}

export class SessionsDir {
  readonly #owner: Owner;
  readonly #serverId: string;
  readonly #home: string;
  /** True when the home folder can hold sessions, if it has room. */
  readonly #isHomeUsable: boolean;
  /** Folders of this user below /var/tmp, once they were looked for; they are checked at each use. */
  #elsewhere: readonly string[] | undefined;

  /** Throws START_FAILED when neither folder is usable. */
  constructor(owner: Owner, serverId: string) {
    if (!SERVER_ID.test(serverId))
      throw new AppError('TOKEN_INVALID', "the server's id is not usable as a folder name");
    this.#owner = owner;
    this.#serverId = serverId;
    this.#home = join(owner.home, '.local', 'state', 'latchkey', serverId, 'sessions');
    this.#isHomeUsable = isUsable(() => makeFolders([this.#home]));
    if (!this.#isHomeUsable) this.#makeElsewhere();
  }

  /**
   * Calls `make` with the folder for a new session: that in the home folder while it has room, since without
   * room not even a program that makes some could be started. Throws what `make` throws.
   */
  forNew<Made>(make: (parent: string) => Made): Made {
    if (this.#isHomeUsable && hasRoom(this.#home)) {
      try {
        return make(this.#home);
      } catch (error) {
        if (!isFull(error)) throw error;
      }
    }
    return make(this.#makeElsewhere());
  }

  /** Opens the folder of a session; undefined when there is none. */
  open(id: string): SessionFolder | undefined {
    const atHome = SessionFolder.open(this.#home, id);
    if (atHome !== undefined) return atHome;
    for (const own of this.#ownElsewhere()) {
      const folder = SessionFolder.open(this.#below(own), id);
      if (folder !== undefined) return folder;
    }
    return undefined;
  }

  /**
   * Returns this user's folders below /var/tmp. Any user may create others with such names, as many as they
   * like: they are looked at once, and only when the home folder lacks a session. What is ours, no other user
   * can move (sticky bit).
   */
  #ownElsewhere(): string[] {
    this.#elsewhere ??= namesLike(this.#name).filter(isOwnFolder);
    return this.#elsewhere.filter(isOwnFolder);
  }

  get #name(): string {
    return join(TEMPORARY, `latchkey-${this.#owner.uid}`);
  }

  #makeElsewhere(): string {
    const [found] = this.#ownElsewhere();
    const own = found ?? createFolder(this.#name);
    if (found === undefined) this.#elsewhere = [own];
    return makeFolders([own, join(own, this.#serverId), this.#below(own)]);
  }

  #below(own: string): string {
    return join(own, this.#serverId, 'sessions');
  }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false; // a full disk may have kept the folder from being created
  }
}

/** True for an error of a full disk or an exhausted quota. */
function isFull(error: unknown): boolean {
  const code = error instanceof Error ? (codeOf(error.cause) ?? codeOf(error)) : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Returns `name`, and the names that `createFolder` makes when it is taken. */
function namesLike(name: string): string[] {
  const begin = `${basename(name)}-`;
  const found = existsSync(TEMPORARY) ? readdirSync(TEMPORARY) : [];
  const others = found.filter((entry) => entry.startsWith(begin));
  return [name, ...others.map((entry) => join(TEMPORARY, entry))];
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
    return isFull(error);
  } finally {
    if (probe !== undefined) rmSync(probe, { force: true });
  }
}
