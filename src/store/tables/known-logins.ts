/** Everybody who has ever logged in. */
import type { Db, KnownLoginRow } from '../schema.ts';

/** Returns the login; undefined for one that has never logged in. */
export async function selectKnownLogin(db: Db, login: string): Promise<KnownLoginRow | undefined> {
  return db.selectFrom('known_logins').selectAll().where('login', '=', login).executeTakeFirst();
}

/** Returns these logins, and those whose latest token had this Linux user. */
export async function selectKnownLogins(
  db: Db,
  { logins, linuxUser }: { readonly logins: readonly string[]; readonly linuxUser: string },
): Promise<KnownLoginRow[]> {
  return db
    .selectFrom('known_logins')
    .selectAll()
    .where((where) => where.or([where('login', 'in', [...logins]), where('linux_user', '=', linuxUser)]))
    .execute();
}
