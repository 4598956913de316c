import { type RawBuilder, sql } from 'kysely';
import { checkText } from './page.ts';

/**
 * Whether `text` is found anywhere in one of the places, a column's name or an expression; the case of ASCII
 * letters does not matter. Throws INVALID_ARGUMENT.
 */
export function isTextIn(
  text: string,
  places: readonly (string | RawBuilder<string>)[],
): RawBuilder<boolean> {
  checkText(text);
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  // SQLite's LIKE takes no notice of case by itself, and lower() on each side would take as long again.
  const found = places.map((place) => {
    const said = typeof place === 'string' ? sql.ref(place) : place;
    return sql`${said} like ${pattern} escape '\\'`;
  });
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}
