import { type Kysely, sql } from 'kysely';

/** The first schema. Each order that lists offer has an index that ends with the row's id. */
export async function first(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await createTokens(db);
  await createLinks(db);
  await createSessions(db);
}

async function createTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tokens')
    .addColumn('jti', 'text', (column) => column.primaryKey())
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('linux_user', 'text')
    .addColumn('uid', 'bigint')
    .addColumn('auth_method', 'text', (column) => column.notNull())
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('client_ip', 'text')
    .addColumn('hostname', 'text')
    .addColumn('socket', 'text')
    .addColumn('daemon', 'integer', (column) => column.notNull())
    .addColumn('parent', 'text')
    .addColumn('claims', 'text', (column) => column.notNull())
    .execute();
  await createIndexes(db, 'tokens', 'jti', ['login', 'issued_at', 'expires_at', 'auth_method']);
  await db.schema
    .createIndex('tokens_by_parent')
    .on('tokens')
    .column('parent')
    .where(sql.ref('parent'), 'is not', null)
    .execute();
}

async function createLinks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('links')
    .addColumn('socket', 'text', (column) => column.primaryKey())
    .addColumn('uid', 'bigint', (column) => column.notNull())
    .addColumn('linux_user', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('daemon', 'integer', (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await createIndexes(db, 'links', 'socket', ['created_at', 'linux_user']);
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('login', 'text', (column) => column.notNull())
    .addColumn('linux_user', 'text', (column) => column.notNull())
    .addColumn('uid', 'bigint', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('socket', 'text')
    .addColumn('command', 'text', (column) => column.notNull())
    .addColumn('directory', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('exit_status', 'integer')
    .execute();
  await createIndexes(db, 'sessions', 'id', ['login', 'started_at', 'state', 'uid', 'ended_at']);
}

async function createIndexes(
  db: Kysely<unknown>,
  table: string,
  id: string,
  columns: string[],
): Promise<void> {
  for (const column of columns) {
    await db.schema.createIndex(`${table}_by_${column}`).on(table).columns([column, id]).execute();
  }
}
