import { type RawBuilder, sql } from 'kysely';
import { AppError } from '../errors.ts';

const MAX_TEXT = 256;

/**
 * Whether `text` is found anywhere in one of the columns; the case of ASCII letters does not matter.
 * Throws INVALID_ARGUMENT for a text that is longer than any name.
 */
export function isTextIn(text: string, columns: readonly string[]): RawBuilder<boolean> {
  if (text.length > MAX_TEXT) throw new AppError('INVALID_ARGUMENT', `text: ${MAX_TEXT} characters at most`);
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  // SQLite's LIKE takes no notice of case by itself, and lower() on each side would take as long again.
  const found = columns.map((name) => sql`${sql.ref(name)} like ${pattern} escape '\\'`);
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}
