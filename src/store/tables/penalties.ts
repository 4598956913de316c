/** Penalties for failed logins, so that a restart of the daemon does not cancel them (DESIGN 11). */
import type { Db, PenaltyRow } from '../schema.ts';

/** Inserts the penalty, or replaces the one of the same login and source. */
export async function upsertPenalty(tx: Db, row: PenaltyRow): Promise<void> {
  const { until } = row;
  await tx
    .insertInto('penalties')
    .values(row)
    .onConflict((conflict) => conflict.columns(['login', 'source']).doUpdateSet({ until }))
    .execute();
}

export async function deletePenalty(tx: Db, { login, source }: Omit<PenaltyRow, 'until'>): Promise<void> {
  await tx.deleteFrom('penalties').where('login', '=', login).where('source', '=', source).execute();
}

/** Deletes penalties that have expired at `nowMs`. */
export async function deletePenaltiesUntil(tx: Db, nowMs: number): Promise<void> {
  await tx.deleteFrom('penalties').where('until', '<=', nowMs).execute();
}

/** Returns all penalties, the earliest to expire first. */
export async function allPenalties(db: Db): Promise<PenaltyRow[]> {
  return db.selectFrom('penalties').selectAll().orderBy('until').execute();
}
