import type { Kysely } from 'kysely';

/** The record of an ended session says how many of its processes the kernel killed for their memory. */
export async function oomKills(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').addColumn('oom_kills', 'bigint').execute();
}
