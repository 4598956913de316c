/**
 * The store keeps what outlives the daemon: tokens' claims, links, sessions. It promises that a
 * commit it has answered is on the disk, and that one it could not make has changed nothing and
 * says STORE_UNAVAILABLE. It never holds a secret or a token, never lets a second daemon in, and
 * knows nothing of rules: those are the domain's.
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

export type { CommitOptions, Store } from './store.ts';

export interface StoreOptions {
  /** `sqlite:/absolute/path`. */
  readonly url: string;
  /** Room kept for commits that must fit; 4 MiB. */
  readonly reserveBytes?: number;
  readonly log?: Pick<Log, 'error'> | undefined;
  /** Only measurements change it. */
  readonly synchronous?: Synchronous;
}

/** The store at `url`, its schema brought up to date; a copy of what was there before is kept beside it. Throws CONFIG_INVALID, STORE_UNAVAILABLE. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, reserveBytes = RESERVE_BYTES, log, synchronous } = options;
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : '';
  if (!isAbsolute(path))
    throw new AppError('CONFIG_INVALID', 'store.url: "sqlite:" and an absolute path is wanted');
  const database = openDatabase(path, synchronous);
  const store = new SqliteStore(database, new Reserve(reservePath(path), reserveBytes), log);
  try {
    const version = await store.read(schemaVersion);
    if (version > 0 && version < SCHEMA_VERSION) keepCopy(database, path, version);
    await store.commit(migrate, { mustFit: true });
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
