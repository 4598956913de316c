import { type Kysely, sql } from 'kysely';

/**
 * Gives rows the names that login methods have everywhere but in the JWT, where "ssh" is "web-ssh".
 */
export async function methodNames(db: Kysely<unknown>): Promise<void> {
  await sql`update tokens set auth_method = 'ssh', claims = json_set(claims, '$.authMethod', 'ssh')
    where auth_method = 'web-ssh'`.execute(db);
}
