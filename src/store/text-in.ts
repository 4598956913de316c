/**
 * The rule for text filters: the text is part of a value, ignoring the case of ASCII letters, and of no
 * others. Lists apply it in the database, watches in memory.
 */
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
  if (text.includes('\0')) return sql<boolean>`(1 = 0)`; // LIKE would end there, and no value has one
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  // SQLite's LIKE ignores case by itself; lower() on each side would double the time.
  const found = places.map((place) => {
    const expression = typeof place === 'string' ? sql.ref(place) : place;
    return sql`${expression} like ${pattern} escape '\\'`;
  });
  return sql<boolean>`(${sql.join(found, sql` or `)})`;
}

/** Returns true when `text` is part of one of `values`, by the same rule as `containsText`. */
export function matchesText(text: string, values: readonly (string | null | undefined)[]): boolean {
  const wanted = withoutAsciiCase(text);
  return values.some((value) => typeof value === 'string' && withoutAsciiCase(value).includes(wanted));
}

function withoutAsciiCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
