import { type Kysely, sql } from 'kysely';

/** Sessions can be cordoned, and given to another login that is known; a trigger keeps who is. */
export async function cordons(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('sessions').addColumn('cordoned_at', 'bigint').execute();
  await db.schema.alterTable('sessions').addColumn('cordoned_by', 'text').execute();
  await db.schema.alterTable('sessions').addColumn('cordon_message', 'text').execute();
  await db.schema
    .alterTable('sessions')
    .addColumn('readable_from', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('sessions').addColumn('started_by', 'text').execute();
  await createKnownLogins(db);
}

async function createKnownLogins(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('known_logins')
    .addColumn('login', 'text', (column) => column.primaryKey())
    .addColumn('linux_user', 'text')
    .addColumn('uid', 'bigint')
    .execute();
  await sql`insert or replace into known_logins
    select login, linux_user, uid from sessions order by started_at`.execute(db);
  await sql`insert or replace into known_logins
    select login, linux_user, uid from tokens where auth_method <> 'local' order by issued_at`.execute(db);
  await sql`create trigger tokens_make_known after insert on tokens when new.auth_method <> 'local' begin
    insert into known_logins values (new.login, new.linux_user, new.uid) on conflict (login) do update
      set linux_user = coalesce(excluded.linux_user, linux_user), uid = coalesce(excluded.uid, uid);
  end`.execute(db);
}
