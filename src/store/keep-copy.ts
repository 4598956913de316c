/**
 * Keeps a copy of the database before a newer program changes its schema, so that a downgrade can go back
 * to it.
 */
import { chmodSync, closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { AppError } from '../errors.ts';
import { syncPath } from '../system/atomic-file.ts';

/** Returns the path of the copy of a database of schema version `version`: beside the database. */
export function copyName(path: string, version: number): string {
  return `${path}.schema-${version}`;
}

/** Copies `database` and syncs the copy to disk. Throws STORE_UNAVAILABLE, and leaves no partial copy. */
export function keepCopy(database: Database.Database, path: string, version: number): void {
  const copy = copyName(path, version);
  const temporary = `${copy}.new`;
  try {
    rmSync(temporary, { force: true });
    closeSync(openSync(temporary, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(temporary);
    chmodSync(temporary, 0o600);
    syncPath(temporary);
    renameSync(temporary, copy);
    syncPath(dirname(copy));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new AppError(
      'STORE_UNAVAILABLE',
      `cannot copy the database to ${copy} before changing its schema: free some disk space`,
      { cause: error },
    );
  }
}
