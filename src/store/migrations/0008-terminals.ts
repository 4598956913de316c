import type { Kysely } from 'kysely';

/** Sessions may have a terminal, of this size; null for one without, as all of earlier versions are. */
export async function terminals(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').addColumn('terminal', 'text').execute();
}
