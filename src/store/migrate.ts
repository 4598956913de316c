/** The schema's versions: numbered, forward only, all that are missing in one transaction. */
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import { copyName } from './keep-copy.ts';
import { first } from './migrations/0001-first.ts';
import { penalties } from './migrations/0002-penalties.ts';
import { logins } from './migrations/0003-logins.ts';
import type { Schema } from './schema.ts';
import { getMeta, setMeta } from './tables/meta.ts';

type Migration = (db: Kysely<unknown>) => Promise<void>;

/** Version n is what the first n of these have made. Never change one that was released. */
const MIGRATIONS: readonly Migration[] = [first, penalties, logins];

/** The version that this program makes and knows. */
export const SCHEMA_VERSION = MIGRATIONS.length;

const VERSION_KEY = 'schema';

/**
 * Brings the database up to this program's version, inside the transaction `tx`. Throws
 * CONFIG_INVALID for a database that a newer program has brought further, and changes nothing.
 */
export async function migrate(tx: Kysely<Schema>): Promise<void> {
  const version = await schemaVersion(tx);
  if (version > SCHEMA_VERSION)
    throw new AppError(
      'CONFIG_INVALID',
      `the database is of version ${version} and this latchkey knows ${SCHEMA_VERSION}: install the newer latchkey again, or put the copy back that was kept before it changed the database (${copyName('latchkey.db', SCHEMA_VERSION)})`,
    );
  for (const migration of MIGRATIONS.slice(version)) await migration(tx as Kysely<unknown>);
  if (version < SCHEMA_VERSION) await setMeta(tx, VERSION_KEY, `${SCHEMA_VERSION}`);
}

/** The version of the database, 0 for an empty one. Throws CONFIG_INVALID for one of another program. */
export async function schemaVersion(db: Kysely<Schema>): Promise<number> {
  const tables = await db.introspection.getTables();
  if (tables.length === 0) return 0;
  const version = tables.some(({ name }) => name === 'meta') ? Number(await getMeta(db, VERSION_KEY)) : 0;
  if (Number.isSafeInteger(version) && version > 0) return version;
  throw new AppError('CONFIG_INVALID', 'the database holds tables of some other program');
}
