import { type RawBuilder, sql } from 'kysely';
import { checkText } from './page.ts';

/**
 * Whether `text` is found anywhere in one of the columns; the case of ASCII letters does not matter.
 * Throws INVALID_ARGUMENT.
 */
export function isTextIn(text: string, columns: readonly string[]): RawBuilder<boolean> {
  checkText(text);
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  // SQLite's LIKE takes no notice of case by itself, and lower() on each side would take as long again.
  const found = columns.map((name) => sql`${sql.ref(name)} like ${pattern} escape '\\'`);
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}
