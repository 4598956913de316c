/**
 * The database: whose it is, and, while nobody has it open, whether it is whole. A copy is looked at, for an
 * opened original would keep a daemon that starts meanwhile from starting, and change by being closed.
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
/** The copy, the one that is kept of it before it is brought up to date, and what that takes. */
const ROOM = 3;
const found = new Findings('database');

/** `path` is the database's; `isRunning`, whether a daemon has been seen. */
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
    return [found.refused(error, `chown ${account.name}: ${path} && chmod 0600 ${path}`)];
  }
  if (isRunning || (await isLocked(path))) {
    const look = `${service.stop}, latchkey doctor, ${service.start}: links and sessions go on`;
    return [
      found.ok(`${path} is the server's alone`),
      found.skipped('the server has it open, so whether it is whole was not looked at', look),
    ];
  }
  return [await inspect(path)];
}

/** Whether any process holds a lock of it (proc_locks(5)). */
async function isLocked(path: string): Promise<boolean> {
  const { ino } = lstatSync(path);
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '');
  return locks.split('\n').some((line) => / POSIX .*:(\d+) \d+ (\d+|EOF)$/.exec(line)?.[1] === String(ino));
}

/** Whether it is whole, by a copy of it and of its write-ahead log. */
async function inspect(path: string): Promise<Finding> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-doctor-'));
  try {
    const copy = join(folder, 'copy.db');
    const parts = ['', '-wal'].filter((suffix) => marksOf(path + suffix) !== GONE);
    const before = parts.map((suffix) => marksOf(path + suffix));
    const bytes = parts.reduce((sum, suffix) => sum + lstatSync(path + suffix).size, 0);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < ROOM * bytes)
      return found.skipped(
        `${tmpdir()} has no room for a copy to look at`,
        'TMPDIR=/with/room latchkey doctor',
      );
    for (const suffix of parts) copyPart(path + suffix, copy + suffix);
    const isOther = parts.some((suffix, index) => marksOf(path + suffix) !== before[index]);
    if (isOther || (await isLocked(path)))
      return found.skipped('a server has just opened it', 'latchkey doctor');
    return await judge(path, copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What changes when somebody writes. */
function marksOf(path: string): string {
  const entry = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return entry === undefined ? GONE : `${entry.ino} ${entry.size} ${entry.mtimeNs}`;
}

/** A regular file, whatever the daemon's user puts in its place; its mode goes with it, its owner does not. */
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
    return found.ok(`${path} is whole, and this program can use it`);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return found.problem(error.message.replaceAll(copy, path), RESTORE);
  }
}
