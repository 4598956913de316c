/** Looking at a database that no daemon has open, through a copy: nothing of the original is locked or changed. */
import { openStore } from './open.ts';
import { openDatabase } from './sqlite-database.ts';

const MOST_LINES = 3;

/**
 * What is wrong with the database at `path`, a copy with its write-ahead log beside it: the first of what
 * SQLite's integrity_check says. Then the copy is opened and brought up to date as a start would the original.
 * Throws CONFIG_INVALID for one that is none, or of a newer program, and STORE_UNAVAILABLE.
 */
export async function damageOf(path: string): Promise<string[]> {
  const database = openDatabase(path);
  let lines: string[];
  try {
    const rows = database.pragma(`integrity_check(${MOST_LINES})`) as { integrity_check: string }[];
    lines = rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  } finally {
    database.close();
  }
  if (lines.length > 0) return lines;
  await using _ = await openStore({ url: `sqlite:${path}`, reserveBytes: 0 });
  return [];
}
