/** Failed logins, so that a restart of the server does not cancel what they cost (DESIGN 11). */
import type { Db, FailedLoginsRow } from '../schema.ts';

/** Inserts the row, or replaces the one of the same login and source. */
export async function upsertFailedLogins(tx: Db, row: FailedLoginsRow): Promise<void> {
  const { login, source, ...values } = row;
  await tx
    .insertInto('failed_logins')
    .values(row)
    .onConflict((conflict) => conflict.columns(['login', 'source']).doUpdateSet(values))
    .execute();
}

export async function deleteFailedLogins(
  tx: Db,
  { login, source }: Pick<FailedLoginsRow, 'login' | 'source'>,
): Promise<void> {
  await tx.deleteFrom('failed_logins').where('login', '=', login).where('source', '=', source).execute();
}

/** Deletes the rows that no longer count at `nowMs`. */
export async function deleteFailedLoginsUntil(tx: Db, nowMs: number): Promise<void> {
  await tx.deleteFrom('failed_logins').where('until', '<=', nowMs).execute();
}

/** Returns all rows, those first that cease to count first. */
export async function allFailedLogins(db: Db): Promise<FailedLoginsRow[]> {
  return db.selectFrom('failed_logins').selectAll().orderBy('until').execute();
}
