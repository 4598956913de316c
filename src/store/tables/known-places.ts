/** The places from which people have logged in. */
import type { Db, KnownPlaceRow } from '../schema.ts';

/** Inserts the row, or replaces the one of the same login and source. */
export async function upsertKnownPlace(tx: Db, row: KnownPlaceRow): Promise<void> {
  const { last_at, empty_at } = row;
  await tx
    .insertInto('known_places')
    .values(row)
    .onConflict((conflict) => conflict.columns(['login', 'source']).doUpdateSet({ last_at, empty_at }))
    .execute();
}

export async function deleteKnownPlace(
  tx: Db,
  { login, source }: Pick<KnownPlaceRow, 'login' | 'source'>,
): Promise<void> {
  await tx.deleteFrom('known_places').where('login', '=', login).where('source', '=', source).execute();
}

/** Deletes the places from which nobody has logged in since `lastMs`. */
export async function deleteKnownPlacesUntil(tx: Db, lastMs: number): Promise<void> {
  await tx.deleteFrom('known_places').where('last_at', '<=', lastMs).execute();
}

/** Returns all rows, the longest unused first. */
export async function allKnownPlaces(db: Db): Promise<KnownPlaceRow[]> {
  return db.selectFrom('known_places').selectAll().orderBy('last_at').execute();
}
