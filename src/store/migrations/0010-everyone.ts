import { type Kysely, sql } from 'kysely';

/**
 * Everybody who has ever logged in can be listed, with the time of their newest token (F28). The view has
 * those with live tokens as the table of logins has them, the local administrator among them; `linux_user`
 * is that of the newest token that had one. A time of 0 is unknown: of a token from before this version.
 */
export async function everyone(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('known_logins').addColumn('newest_issued_at', 'bigint').execute();
  await sql`update known_logins set newest_issued_at = coalesce(
    (select newest_issued_at from logins where logins.login = known_logins.login),
    (select max(started_at) / 1000 from sessions where sessions.login = known_logins.login))`.execute(db);
  await sql`drop trigger tokens_make_known`.execute(db);
  await sql`create trigger tokens_make_known after insert on tokens when new.auth_method <> 'local' begin
    insert into known_logins values (new.login, new.linux_user, new.uid, new.issued_at)
      on conflict (login) do update set
        linux_user = coalesce(excluded.linux_user, linux_user),
        uid = coalesce(excluded.uid, uid),
        newest_issued_at = max(coalesce(newest_issued_at, 0), excluded.newest_issued_at);
  end`.execute(db);
  await sql`create trigger tokens_renew_known after update of issued_at on tokens begin
    update known_logins set newest_issued_at = max(coalesce(newest_issued_at, 0), new.issued_at)
      where login = new.login;
  end`.execute(db);
  await sql`create view everyone as
    select known_logins.login, linux_user, coalesce(tokens, 0) as tokens,
      coalesce(logins.newest_issued_at, known_logins.newest_issued_at, 0) as newest_issued_at
    from known_logins left join logins on logins.login = known_logins.login
    union all
    select login, null, tokens, newest_issued_at from logins
    where login not in (select login from known_logins)`.execute(db);
}
