import type { Kysely } from 'kysely';

/** Links remember what logins got when they were started; null for those of an earlier version. */
export async function loginSettings(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('links').addColumn('login_settings', 'text').execute();
}
