/**
 * The store keeps what outlives the daemon: tokens' claims, links, sessions. A commit that has been
 * acknowledged is on disk; one that failed has changed nothing and throws STORE_UNAVAILABLE. The store
 * never contains a secret or a token, and never lets a second daemon open it. It knows no rules of the
 * domain.
 */
import { isAbsolute } from 'node:path';
import { AppError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import { keepCopy } from './keep-copy.ts';
import { migrate, SCHEMA_VERSION, schemaVersion } from './migrate.ts';
import { RESERVE_BYTES, Reserve, reservePath } from './reserve.ts';
import { openDatabase, type Synchronous } from './sqlite-database.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';

export type { Store } from './store.ts';

export interface StoreOptions {
  /** `sqlite:/absolute/path`. */
  readonly url: string;
  /** Size of the disk reserve for urgent commits, in bytes; 4 MiB by default. */
  readonly reserveBytes?: number;
  readonly log?: Pick<Log, 'error'> | undefined;
  /** Set only by measurements. */
  readonly synchronous?: Synchronous;
}

/**
 * Opens the store at `url` and migrates its schema, after keeping a copy of an older one beside it.
 * Throws CONFIG_INVALID, STORE_UNAVAILABLE.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, reserveBytes = RESERVE_BYTES, log, synchronous } = options;
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : '';
  if (!isAbsolute(path))
    throw new AppError('CONFIG_INVALID', 'store.url: must be "sqlite:" and an absolute path');
  const database = openDatabase(path, synchronous);
  const store = new SqliteStore(database, new Reserve(reservePath(path), reserveBytes), log);
  try {
    const version = await store.read(schemaVersion);
    if (version > 0 && version < SCHEMA_VERSION) keepCopy(database, path, version);
    await store.commit(migrate, { isUrgent: true });
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
