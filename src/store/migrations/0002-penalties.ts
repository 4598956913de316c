import type { Kysely } from 'kysely';

/** What failed logins cost outlives the daemon. */
export async function penalties(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('penalties')
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('penalties_key', ['login', 'source'])
    .execute();
  await db.schema.createIndex('penalties_by_until').on('penalties').column('until').execute();
}
