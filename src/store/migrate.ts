/** Migrations of the schema: numbered, forward only; all missing ones run in one transaction. */
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import { copyName } from './keep-copy.ts';
import { first } from './migrations/0001-first.ts';
import { penalties } from './migrations/0002-penalties.ts';
import { logins } from './migrations/0003-logins.ts';
import { failedLogins } from './migrations/0004-failed-logins.ts';
import { methodNames } from './migrations/0005-method-names.ts';
import { loginSettings } from './migrations/0006-login-settings.ts';
import { cordons } from './migrations/0007-cordons.ts';
import { terminals } from './migrations/0008-terminals.ts';
import { oomKills } from './migrations/0009-oom-kills.ts';
import { everyone } from './migrations/0010-everyone.ts';
import type { Db } from './schema.ts';
import { getMeta, setMeta } from './tables/meta.ts';

type Migration = (db: Kysely<unknown>) => Promise<void>;

/** Version n is the result of the first n migrations. Never change one that has been released. */
const MIGRATIONS: readonly Migration[] = [
  first,
  penalties,
  logins,
  failedLogins,
  methodNames,
  loginSettings,
  cordons,
  terminals,
  oomKills,
  everyone,
];

/** The schema version of this program. */
export const SCHEMA_VERSION = MIGRATIONS.length;

const VERSION_KEY = 'schema';

/**
 * Migrates the database to this program's version, inside the transaction `tx`. Throws CONFIG_INVALID,
 * and changes nothing, when a newer program has migrated it further.
 */
export async function migrate(tx: Db): Promise<void> {
  const version = await schemaVersion(tx);
  if (version > SCHEMA_VERSION)
    throw new AppError(
      'CONFIG_INVALID',
      `the database has schema version ${version}, but this latchkey supports only ${SCHEMA_VERSION}: install the newer latchkey again, or restore the copy from before the upgrade (${copyName('latchkey.db', SCHEMA_VERSION)})`,
    );
  for (const migration of MIGRATIONS.slice(version)) await migration(tx as Kysely<unknown>);
  if (version < SCHEMA_VERSION) await setMeta(tx, VERSION_KEY, `${SCHEMA_VERSION}`);
}

/**
 * Returns the schema version of the database, 0 for an empty one. Throws CONFIG_INVALID for a database of
 * another program.
 */
export async function schemaVersion(db: Db): Promise<number> {
  const tables = await db.introspection.getTables();
  if (tables.length === 0) return 0;
  const version = tables.some(({ name }) => name === 'meta') ? Number(await getMeta(db, VERSION_KEY)) : 0;
  if (Number.isSafeInteger(version) && version > 0) return version;
  throw new AppError('CONFIG_INVALID', 'the database belongs to another program');
}
