/**
 * The store keeps what outlives the daemon: tokens' claims, links, sessions. It promises that a
 * commit it has answered is on the disk, and that one it could not make has changed nothing and
 * says STORE_UNAVAILABLE. It never holds a secret or a token, never lets a second daemon in, and
 * knows nothing of rules: those are the domain's.
 */
import { isAbsolute } from 'node:path';
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import { migrate } from './migrate.ts';
import { Reserve } from './reserve.ts';
import type { Schema } from './schema.ts';
import { openDatabase, type Synchronous } from './sqlite-database.ts';
import { SqliteStore } from './sqlite-store.ts';

export interface Store extends AsyncDisposable {
  /**
   * Reads what is committed, with all that was asked for before and did not fail. `work` awaits nothing but its queries, and asks for no other read or
   * commit. Throws STORE_UNAVAILABLE.
   */
  read<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T>;
  /**
   * Does `work` in a transaction and settles when that is durable. It may share the transaction
   * with others' work, and still fails alone when it throws. `work` awaits nothing but its queries,
   * asks for no other read or commit, and may run twice: only its return value says what was done.
   * Throws what `work` throws, and STORE_UNAVAILABLE when nothing could be kept.
   */
  commit<T>(work: (tx: Kysely<Schema>) => Promise<T>, options?: CommitOptions): Promise<T>;
}

export interface CommitOptions {
  /** Succeeds on a full disk too, from room kept for that. For what takes away: revocations. */
  readonly mustFit?: boolean;
}

export interface StoreLog {
  error(details: object, message: string): void;
}

export interface StoreOptions {
  /** `sqlite:/absolute/path`. */
  readonly url: string;
  /** Room kept for commits that must fit; 4 MiB. */
  readonly reserveBytes?: number;
  readonly log?: StoreLog | undefined;
  /** Only measurements change it. */
  readonly synchronous?: Synchronous;
}

const RESERVE_BYTES = 4 * 1024 * 1024;

/** The store at `url`, its schema brought up to date. Throws CONFIG_INVALID, STORE_UNAVAILABLE. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, reserveBytes = RESERVE_BYTES, log, synchronous } = options;
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : '';
  if (!isAbsolute(path))
    throw new AppError('CONFIG_INVALID', 'store.url: "sqlite:" and an absolute path is wanted');
  const store = new SqliteStore(
    openDatabase(path, synchronous),
    new Reserve(`${path}-reserve`, reserveBytes),
    log,
  );
  try {
    await store.commit(migrate, { mustFit: true });
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
