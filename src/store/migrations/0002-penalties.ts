import type { Kysely } from 'kysely';

/** Penalties for failed logins, which outlive the server. */
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
