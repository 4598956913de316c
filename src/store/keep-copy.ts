/** The copy of the database that is kept before a newer program changes its schema: what a downgrade goes back to. */
import { chmodSync, closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { AppError } from '../errors.ts';
import { syncPath } from '../system/atomic-file.ts';

/** Where the copy of a database of `version` lies: beside it. */
export function copyName(path: string, version: number): string {
  return `${path}.schema-${version}`;
}

/** Keeps a copy of `database`, whole and on the disk, or throws STORE_UNAVAILABLE and leaves none. */
export function keepCopy(database: Database.Database, path: string, version: number): void {
  const place = copyName(path, version);
  const temporary = `${place}.new`;
  try {
    rmSync(temporary, { force: true });
    closeSync(openSync(temporary, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(temporary);
    chmodSync(temporary, 0o600);
    syncPath(temporary);
    renameSync(temporary, place);
    syncPath(dirname(place));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new AppError(
      'STORE_UNAVAILABLE',
      `the database cannot be copied to ${place} before it is changed: make room there`,
      { cause: error },
    );
  }
}
