import type { Kysely } from 'kysely';

/** Failed logins as they are counted now, and the places from which people have logged in. */
export async function failedLogins(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('penalties').execute();
  await db.schema
    .createTable('failed_logins')
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('streak', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('empty_at', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('failed_logins_key', ['login', 'source'])
    .execute();
  await db.schema.createIndex('failed_logins_by_until').on('failed_logins').column('until').execute();
  await db.schema
    .createTable('known_places')
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('empty_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('known_places_key', ['login', 'source'])
    .execute();
  await db.schema.createIndex('known_places_by_last_at').on('known_places').column('last_at').execute();
}
