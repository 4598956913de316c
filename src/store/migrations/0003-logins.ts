import { type Kysely, sql } from 'kysely';

/**
 * Number of tokens and newest token of each login, maintained as tokens come and go: counting a hundred
 * thousand tokens for each list would take too long. Triggers do it, so that no statement on tokens can
 * forget it. The indexes serve the details on a page of logins.
 */
export async function logins(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('logins')
    .addColumn('login', 'text', (column) => column.primaryKey())
    .addColumn('tokens', 'bigint', (column) => column.notNull())
    .addColumn('newest_issued_at', 'bigint', (column) => column.notNull())
    .execute();
  await createIndex(db, 'logins', 'logins_by_tokens', ['tokens', 'login']);
  await createIndex(db, 'logins', 'logins_by_newest_issued_at', ['newest_issued_at', 'login']);
  await createIndex(db, 'tokens', 'tokens_by_login_issued_at', ['login', 'issued_at', 'jti']);
  await createIndex(db, 'tokens', 'tokens_by_login_use', ['login', 'linux_user', 'auth_method']);
  await createIndex(db, 'sessions', 'sessions_by_login_state', ['login', 'state', 'id']);
  await db.schema.dropIndex('sessions_by_login').execute();
  await sql`insert into logins select login, count(*), max(issued_at) from tokens group by login`.execute(db);
  for (const trigger of TRIGGERS) await trigger.execute(db);
}

const TRIGGERS = [
  sql`create trigger tokens_come after insert on tokens begin
    insert into logins values (new.login, 1, new.issued_at) on conflict (login) do update
      set tokens = tokens + 1, newest_issued_at = max(newest_issued_at, excluded.newest_issued_at);
  end`,
  sql`create trigger tokens_go after delete on tokens begin
    update logins set tokens = tokens - 1 where login = old.login;
    delete from logins where login = old.login and tokens = 0;
    update logins set newest_issued_at = (select max(issued_at) from tokens where login = old.login)
      where login = old.login and newest_issued_at = old.issued_at;
  end`,
  sql`create trigger tokens_are_renewed after update of issued_at on tokens begin
    update logins set newest_issued_at = (select max(issued_at) from tokens where login = new.login)
      where login = new.login;
  end`,
];

async function createIndex(
  db: Kysely<unknown>,
  table: string,
  name: string,
  columns: string[],
): Promise<void> {
  await db.schema.createIndex(name).on(table).columns(columns).execute();
}
