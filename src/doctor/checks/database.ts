/**
 * Checks the database: its owner, and, while no process has it open, its integrity. A copy is checked,
 * because opening the original would keep a server from starting meanwhile, and closing it changes it.
 */
import {
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, isAppError } from '../../errors.ts';
import { problemsOf } from '../../store/inspect.ts';
import { checkPrivate } from '../../store/sqlite-database.ts';
import { ownUid } from '../../system/owned-path.ts';
import { type Finding, Findings } from '../finding.ts';
import { asAccount } from '../identity.ts';
import type { Subject } from './configuration.ts';
import type { Service } from './service.ts';

const RESTORE = 'restore a backup';
const GONE = 'gone';
/**
 * Disk space for the check, in sizes of the database: the copy, another copy from before a migration, and
 * the migration itself.
 */
const SIZES_NEEDED = 3;
const found = new Findings('database');

/** `path` is the database; `isRunning` says that a daemon has been found. */
export async function checkDatabase(
  { account }: Subject,
  path: string,
  isRunning: boolean,
  service: Service,
): Promise<Finding[]> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
    return [found.ok(`none yet: the first start makes ${path}`)];
  try {
    asAccount(account, () => checkPrivate(path));
  } catch (error) {
    return [found.failed(error, `chown ${account.name}: ${path} && chmod 0600 ${path}`)];
  }
  if (isRunning || (await isLocked(path))) {
    const remedy = `${service.stop}, latchkey doctor, ${service.start}: links and sessions keep running`;
    return [
      found.ok(`only the server can access ${path}`),
      found.skipped('the server has it open, so its integrity was not checked', remedy),
    ];
  }
  return [await inspect(path)];
}

/** Returns true when any process holds a lock on the database (proc_locks(5)). */
async function isLocked(path: string): Promise<boolean> {
  const { ino } = lstatSync(path);
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  return locks.split('\n').some((line) => / POSIX .*:(\d+) \d+ (\d+|EOF)$/.exec(line)?.[1] === String(ino));
}

/** Checks the integrity of a copy of the database and its write-ahead log. */
async function inspect(path: string): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'));
  try {
    const copy = join(folder, 'copy.db');
    const parts = ['', '-wal'].filter((suffix) => versionMark(path + suffix) !== GONE);
    const before = parts.map((suffix) => versionMark(path + suffix));
    const bytes = parts.reduce((sum, suffix) => sum + lstatSync(path + suffix).size, 0);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < SIZES_NEEDED * bytes)
      return found.skipped(
        `${tmpdir()} has no space for a copy to check`,
        'TMPDIR=/with/room latchkey doctor',
      );
    for (const suffix of parts) copyPart(path + suffix, copy + suffix);
    const isOther = parts.some((suffix, index) => versionMark(path + suffix) !== before[index]);
    if (isOther || (await isLocked(path)))
      return found.skipped('a server has just opened it', 'latchkey doctor');
    return await judge(path, copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns a text that changes whenever the file is written. */
function versionMark(path: string): string {
  const entry = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return entry === undefined ? GONE : `${entry.ino} ${entry.size} ${entry.mtimeNs}`;
}

/**
 * Copies a regular file with its mode, but not its owner. Opens it without following links, whatever the
 * daemon's user puts in its place.
 */
function copyPart(from: string, to: string): void {
  const fd = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new AppError('CONFIG_INVALID', `${from} is not a regular file`);
    copyFileSync(`/proc/self/fd/${fd}`, to, constants.COPYFILE_FICLONE);
    chownSync(to, ownUid(), process.getegid?.() ?? 0);
  } finally {
    closeSync(fd);
  }
}

async function judge(path: string, copy: string): Promise<Finding> {
  try {
    const damage = await problemsOf(copy);
    if (damage.length > 0) return found.problem(`${path} is damaged: ${damage.join('; ')}`, RESTORE);
    return found.ok(`${path} is intact, and this program supports its version`);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return found.problem(error.message.replaceAll(copy, path), RESTORE);
  }
}
