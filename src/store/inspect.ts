/** Checks a database that no server has open, on a copy: the original is neither locked nor changed. */
import { openStore } from './open.ts';
import { openDatabase } from './sqlite-database.ts';

const MAX_PROBLEMS = 3;

/**
 * Returns the first problems that SQLite's integrity_check finds in the database at `path`: a copy, with
 * its write-ahead log beside it. Then opens the copy and migrates it, as a start would the original.
 * Throws CONFIG_INVALID for a file that is not a database or was made by a newer program, and
 * STORE_UNAVAILABLE.
 */
export async function problemsOf(path: string): Promise<string[]> {
  const database = openDatabase(path);
  let lines: string[];
  try {
    const rows = database.pragma(`integrity_check(${MAX_PROBLEMS})`) as { integrity_check: string }[];
    lines = rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  } finally {
    database.close();
  }
  if (lines.length > 0) return lines;
  await using _ = await openStore({ url: `sqlite:${path}`, reserveBytes: 0 });
  return [];
}
