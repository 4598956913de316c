/** Opens the SQLite file: private to this user, locked against other programs, durable. */
import { closeSync, fsyncSync, lstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, reasonOf } from '../errno.ts';
import { AppError } from '../errors.ts';

/** `NORMAL` may lose the last commits when power fails; only measurements use it. */
export type Synchronous = 'FULL' | 'NORMAL';

/**
 * Opens the database at `path`, and creates it (0600) when it is missing. Throws CONFIG_INVALID when
 * another program has it open, when it belongs to another user or is accessible to others, or when it is
 * not a database, and STORE_UNAVAILABLE when the disk is full or broken.
 *
 * While it is open, nothing else in this process may open and close the file: closing any descriptor of
 * the file would drop the lock (fcntl(2)).
 */
export function openDatabase(path: string, synchronous: Synchronous = 'FULL'): Database.Database {
  makePrivate(path);
  const db = new Database(path, { fileMustExist: true, timeout: 0 });
  try {
    // Before the first access, so that the write-ahead log needs no shared-memory file.
    db.pragma('locking_mode = EXCLUSIVE');
    const mode = db.pragma('journal_mode = WAL', { simple: true });
    if (mode !== 'wal')
      throw new AppError('CONFIG_INVALID', `${path}: this file system does not support the database`);
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma('temp_store = MEMORY');
    db.pragma('cache_size = -16384');
    db.pragma('trusted_schema = OFF');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    return db;
  } catch (error) {
    db.close();
    throw explain(path, error);
  }
}

function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw new AppError('CONFIG_INVALID', `${path}: cannot create the database: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
  checkPrivate(path);
}

/** Throws CONFIG_INVALID unless the database is a file of this process's user, inaccessible to others. */
export function checkPrivate(path: string): void {
  const stat = lstatSync(path);
  if (!stat.isFile()) throw new AppError('CONFIG_INVALID', `${path} is not a regular file`);
  if (stat.uid !== process.geteuid?.())
    throw new AppError('CONFIG_INVALID', `${path} belongs to another user`);
  if ((stat.mode & 0o077) !== 0)
    throw new AppError('CONFIG_INVALID', `${path} is accessible to others. Run: chmod 0600 ${path}`);
}

function explain(path: string, error: unknown): unknown {
  const code = error instanceof Database.SqliteError ? error.code : '';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new AppError('CONFIG_INVALID', `${path} is in use by another Latchkey server`, { cause: error });
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new AppError('CONFIG_INVALID', `${path} is not a database, or is damaged: restore a backup`, {
      cause: error,
    });
  }
  if (code === 'SQLITE_FULL')
    return new AppError('STORE_UNAVAILABLE', `${path}: the disk is full; free some space`, { cause: error });
  if (code.startsWith('SQLITE_'))
    return new AppError('STORE_UNAVAILABLE', `${path} cannot be used: ${code}`, { cause: error });
  return error;
}
