import { type RawBuilder, sql } from 'kysely';
import { checkText } from './page.ts';

/**
 * Returns the condition that `text` is part of one of `places`, column names or expressions, ignoring the
 * case of ASCII letters. Throws INVALID_ARGUMENT.
 */
export function containsText(
  text: string,
  places: readonly (string | RawBuilder<string>)[],
): RawBuilder<boolean> {
  checkText(text);
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  // SQLite's LIKE ignores case by itself; lower() on each side would double the time.
  const found = places.map((place) => {
    const said = typeof place === 'string' ? sql.ref(place) : place;
    return sql`${said} like ${pattern} escape '\\'`;
  });
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}
