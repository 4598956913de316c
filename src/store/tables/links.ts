/** The links that were initialised, so that a restarted daemon finds them again (X4). */
import type { Db, LinkRow } from '../schema.ts';

/** Inserts the link, or replaces the one with the same socket. */
export async function upsertLink(tx: Db, row: LinkRow): Promise<void> {
  const { socket: _, ...rest } = row;
  await tx
    .insertInto('links')
    .values(row)
    .onConflict((conflict) => conflict.column('socket').doUpdateSet(rest))
    .execute();
}

export async function deleteLink(tx: Db, socket: string): Promise<void> {
  await tx.deleteFrom('links').where('socket', '=', socket).execute();
}

export async function allLinks(db: Db): Promise<LinkRow[]> {
  return db.selectFrom('links').selectAll().orderBy('created_at').execute();
}
