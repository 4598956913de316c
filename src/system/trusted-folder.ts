/**
 * Opens a folder so that entries found through its descriptor are those of its owner: every ancestor
 * belongs to root or to that owner, and nobody else can write to it, except for sticky folders such as
 * /tmp. Entries are then reached through /proc/self/fd, which renaming an ancestor cannot redirect and
 * which is short enough for a socket's 107 bytes (unix(7)).
 */
import { closeSync, constants, fstatSync, openSync, realpathSync, type Stats } from 'node:fs';
import { AppError } from '../errors.ts';

/** O_PATH of open(2): only for looking up names, without read permission (links/ has mode 3733). */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** An open folder and its owner. */
export class TrustedFolder implements Disposable {
  readonly fd: number;
  readonly uid: number;

  constructor(fd: number, uid: number) {
    this.fd = fd;
    this.uid = uid;
  }

  /** Returns the path of `name` in the folder, valid in this process while the folder is open. */
  path(name: string): string {
    return `/proc/self/fd/${this.fd}/${name}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/**
 * Opens `path`; symbolic links in it are resolved first, and not followed after that. Throws NOT_FOUND
 * when it does not exist, NOT_TRUSTED when another user could have replaced it.
 */
export function openTrustedFolder(path: string): TrustedFolder {
  const names = resolved(path).split('/').filter(Boolean);
  const walked: { path: string; stats: Stats }[] = [];
  let fd = openSync('/', FOLDER);
  try {
    for (const [index, name] of names.entries()) {
      walked.push({ path: `/${names.slice(0, index).join('/')}`, stats: fstatSync(fd) });
      fd = step(fd, name, path);
    }
    const stats = fstatSync(fd);
    for (const ancestor of walked) checkAncestor(ancestor.path, ancestor.stats, stats.uid);
    if ((stats.mode & GROUP_OR_OTHERS_WRITE) !== 0) throw untrusted(path, 'others can write to it');
    return new TrustedFolder(fd, stats.uid);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Opens the folder `name` within `folder`: it must have the same owner, and be sticky if others can write
 * to it. Throws NOT_TRUSTED.
 */
export function openFolderWithin(folder: TrustedFolder, name: string): TrustedFolder {
  const fd = openWithin(folder, name);
  const stats = fstatSync(fd);
  const loose = (stats.mode & GROUP_OR_OTHERS_WRITE) !== 0 && (stats.mode & STICKY) === 0;
  if (stats.uid === folder.uid && !loose) return new TrustedFolder(fd, stats.uid);
  closeSync(fd);
  throw untrusted(name, loose ? 'others can write to it' : `it belongs to uid ${stats.uid}`);
}

function openWithin(folder: TrustedFolder, name: string): number {
  try {
    return openSync(folder.path(name), FOLDER);
  } catch {
    throw untrusted(name, 'it is not a folder');
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw new AppError('NOT_FOUND', `there is no folder ${path}`, { cause });
  }
}

/** Opens `name` within `fd`, and closes `fd` on success. */
function step(fd: number, name: string, path: string): number {
  try {
    const next = openSync(`/proc/self/fd/${fd}/${name}`, FOLDER);
    closeSync(fd);
    return next;
  } catch (cause) {
    throw new AppError('NOT_FOUND', `there is no folder ${path}`, { cause });
  }
}

function checkAncestor(path: string, stats: Stats, owner: number): void {
  if (stats.uid !== 0 && stats.uid !== owner) throw untrusted(path, `it belongs to uid ${stats.uid}`);
  const loose = (stats.mode & GROUP_OR_OTHERS_WRITE) !== 0 && (stats.mode & STICKY) === 0;
  if (loose) throw untrusted(path, 'others can write to it');
}

function untrusted(path: string, why: string): AppError {
  return new AppError('NOT_TRUSTED', `folder ${path} cannot be trusted: ${why}`);
}
